import ast, importlib.machinery, importlib.util, inspect, os, sys, traceback


def answer(path, kind, text):
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write((kind + "\n" + text).encode("utf-8", "replace"))


class Problem(Exception):
    def __init__(self, text, trace=""):
        super().__init__(text)
        self.trace = trace


def told(what):
    """The running exception, without our own frames."""
    kind, value, frames = sys.exc_info()
    while frames is not None and frames.tb_frame.f_globals is globals():
        frames = frames.tb_next
    trace = "".join(traceback.format_exception(kind, value, frames))
    sys.stderr.write(trace)
    if isinstance(value, SystemExit):
        return Problem("%s called sys.exit(%r); a check returns its results, or None" % (what, value.code), "")
    return Problem("%s raised %s" % (what, "".join(traceback.format_exception_only(kind, value)).strip().splitlines()[-1]), trace)


def load(path):
    if not os.path.isfile(path):
        raise Problem("there is no file %s" % path)
    sys.argv = [path]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    name = os.path.splitext(os.path.basename(path))[0]
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        raise told("loading %s" % path) from None
    return module


def function(module, path, name):
    found = getattr(module, name, None)
    if not callable(found):
        here = [n for n, v in vars(module).items()
                if callable(v) and not n.startswith("_") and getattr(v, "__module__", None) == module.__name__]
        what = "is not callable" if hasattr(module, name) else "is not in it"
        raise Problem("%s: %s %s; it has %s" % (path, name, what, ", ".join(sorted(here)) or "nothing that can be called"))
    if inspect.isclass(found):
        try:
            found = found()
        except BaseException:
            raise told("making a %s" % name) from None
        if not callable(found):
            raise Problem("%s: objects of the class %s cannot be called; it has no __call__" % (path, name))
    return found


def call(path, name, arguments):
    found = function(load(path), path, name)
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        signature = None
    if signature is not None:
        try:
            signature.bind(**arguments)
        except TypeError as error:
            raise Problem("%s of %s takes %s: %s" % (name, path, signature, error)) from None
    try:
        value = found(**arguments)
    except BaseException:
        raise told(name) from None
    if value is not None and not isinstance(value, str):
        raise Problem("%s returned %s; a check returns text, normally ResultYAML, or None" % (name, type(value).__name__))
    return value


def main():
    call_path, answer_path = sys.argv[1:3]
    with open(call_path, encoding="ascii") as file:
        wanted = ast.literal_eval(file.read())
    os.unlink(call_path)
    try:
        value = call(wanted["file"], wanted["callable"], wanted["arguments"])
        answer(answer_path, "none" if value is None else "text", value or "")
    except Problem as problem:
        answer(answer_path, "problem", " ".join(str(problem).splitlines()) + "\n" + problem.trace)


main()
