"""Checks Python files. What is printed goes to the log; what `run` returns are the results."""
import ast
import os

WORDS = ["PASSED", "INFO", "FAILED"]


class Check:
    """One check over all files, and the worst that it found."""

    def __init__(self, name):
        self.name = name
        self.outcome = "PASSED"
        self.found = []

    def tell(self, outcome, text):
        print("%s: %s" % (self.name, text))
        self.found.append(text)
        self.outcome = max(self.outcome, outcome, key=WORDS.index)

    def result(self):
        """This check's element of the list of results. A task with PyYAML would leave the writing to it."""
        return "".join(
            "  %s %s: %s\n" % ("-" if number == 0 else " ", key, value)
            for number, (key, value) in enumerate([
                ("item", '"%s"' % os.environ.get("TASKOTRON_ITEM", "samples")),
                ("type", os.environ.get("TASKOTRON_TYPE", "files")),
                ("checkname", self.name),
                ("outcome", self.outcome),
                ("note", "%d findings" % len(self.found)),
                ("artifact", "pycheck.log"),
            ]))


def run(directory, artifactsdir):
    """Called by the `python` directive. Returns ResultYAML: a result for each check, and the overall one last."""
    syntax, docstrings = Check("pycheck.syntax"), Check("pycheck.docstrings")
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            text = file.read()
        try:
            tree = ast.parse(text, name)
        except SyntaxError as error:
            syntax.tell("FAILED", "%s:%s: %s" % (name, error.lineno, error.msg))
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and not ast.get_docstring(node):
                docstrings.tell("INFO", "%s:%d: %s has no docstring" % (name, node.lineno, node.name))

    overall = Check("pycheck")
    with open(os.path.join(artifactsdir, "pycheck.log"), "w", encoding="utf-8") as log:
        for check in (syntax, docstrings):
            log.writelines(line + "\n" for line in check.found)
            overall.outcome = max(overall.outcome, check.outcome, key=WORDS.index)
            overall.found += check.found

    return "results:\n" + "".join(check.result() for check in (syntax, docstrings, overall))
