def greet(name):
    """What to say to somebody."""
    return "Hello, " + name


def shout(text):
    return text.upper()
