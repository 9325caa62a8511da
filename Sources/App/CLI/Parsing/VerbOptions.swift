/// The long options of every verb beside the global ones, for the normaliser. A test compares this with what the parser itself says.
enum VerbOptions {
    private static let initOptions = [
        "template-repo-path": true, "template-repo-name": true, "template-store": true, "template-repos": true, "set-current": false,
        "skip-bootstrap": false, "skip-build": false,
    ]

    private static let task = [
        "uuid": true, "exclude": true, "memory": true, "cpus": true, "disk": true, "egress": true, "no-destroy": false, "keep-on": true,
        "keep-for": true,
        "timeout": true, "silence": true, "debug": false,
    ]

    private static let all = ["all": false]

    private static let store = ["template-repo-path": true, "template-store": true]

    /// Verb (or noun and verb) to option to whether it takes a value. A key with a space at its end is a noun.
    static let table: [String: [String: Bool]] = [
        "init": initOptions.merging(["dry-run": false]) { a, _ in a },
        "up": initOptions.merging(["timeout": true, "dry-run": false]) { a, _ in a },
        "start": ["dry-run": false], "stop": ["dry-run": false],
        "destroy": ["yes": false, "all-prefixes": false, "dry-run": false],
        "status": [:], "list": [:], "set-current": [:], "logs": ["lines": true], "shell": [:], "wait": ["timeout": true], "console": [:],
        "validate": [:], "schema": [:], "doctor": [:],
        "run": task.merging(["push": true, "no-push": false, "count": true]) { a, _ in a },
        "gc": ["dry-run": false, "artifacts-older-than": true],
        "runtask": task.merging([
            "item": true, "type": true, "arch": true, "jobid": true, "local": false, "libvirt": false, "ssh": true, "ssh-privkey": true,
            "image": true, "match-host": false, "override": true, "dry-run": false,
        ]) { a, _ in a },
        "taskotron_result": [
            "file": true, "item": true, "report_type": true, "outcome": true, "note": true, "keyval": true, "checkname": true,
            "artifact": true,
        ],
        "rerun": ["failed": false, "dry-run": false], "generate-config": ["tasks": false, "verbose": false, "output": true],
        "results ": [:], "results list": ["limit": true], "results show": all, "results junit": all, "results export": all,
        "results html": all, "results remove": all.merging(["dry-run": false]) { a, _ in a },
        "images ": [:], "images list": [:], "images find": ["distro": true, "release": true, "flavor": true, "arch": true],
        "template ": [:],
        "template list": store, "template show": store, "template fetch": store.merging(["version-name": true]) { a, _ in a },
        "template build": store, "template verify": store, "template remove": store,
        "template import": store.merging(["name": true, "version-name": true, "metadata": true, "sha256": true]) { a, _ in a },
        "template gc": store.merging(["dry-run": false]) { a, _ in a },
    ]
}
