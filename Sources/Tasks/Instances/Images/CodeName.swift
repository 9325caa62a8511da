/// Names that distributions give their releases; images are known by number.
enum CodeName {
    private static let releases = [
        "debian": ["stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"],
        "ubuntu": ["xenial": "16.04", "bionic": "18.04", "focal": "20.04", "jammy": "22.04", "noble": "24.04"],
    ]

    /// The number of the release of that name, in any letter case; nil when there is none known.
    static func release(_ name: String, of distro: String) -> String? { releases[distro.lowercased()]?[name.lowercased()] }
}
