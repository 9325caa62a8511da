@testable import AtollCLI
import Testing

@Suite struct ArgumentNormalizerTests {
    private let normalizer = ArgumentNormalizer(verbs: VerbOptions.table)

    @Test(arguments: [
        ("-f json status", "status --out-format json"),
        ("status -f json", "status --out-format json"),
        ("--workdir /w list", "list --workdir-path /w"),
        ("--workdir=/w destroy --yes --all-prefixes", "destroy --workdir-path=/w --yes --all-prefixes"),
        ("destroy --all", "destroy --all-prefixes"),
        ("-w/w status", "status --workdir-path /w"),
        ("--ignore-warnings status", "status --ignore-warnings"),
        ("init --template-repo-p x.json w f", "init --template-repo-path x.json w f"),
        ("-f json template list", "template list --out-format json"),
        ("--help", "--help"),
        ("--prefix-name x init --dry-run a b", "init --prefix-name x --dry-run a b"),
    ])
    func oneOrder(_ typed: String, _ expected: String) {
        #expect(normalizer.normalize(typed.split(separator: " ").map(String.init)).joined(separator: " ") == expected)
    }

    @Test func theTailOfShellIsUntouched() {
        let tail = ["vm-a", "-c", "ls -l", "--workdir", "-f", "--", "x"]
        #expect(normalizer.normalize(["shell", "-f", "json"] + tail) == ["shell", "--out-format", "json"] + tail)
    }
}
