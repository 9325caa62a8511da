import AtollModel

@testable import AtollBootstrap

enum Samples {
    static let hostKey = HostKey(
        kind: .ed25519, privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nTOPSECRET\n-----END OPENSSH PRIVATE KEY-----\n",
        publicKey: "ssh-ed25519 AAAAHOST vm-a")

    static func identity(_ name: String = "vm-a", password: Secret? = nil, nics: [NICPlan]? = nil) -> GuestIdentity {
        GuestIdentity(
            hostname: name, domainName: "lago.local", instanceID: "iid-\(name)", machineID: "0123456789abcdef0123456789abcdef",
            hostKeys: [hostKey], authorizedKeys: ["ssh-ed25519 AAAAUSER prefix"], rootPassword: password, nics: nics ?? Self.nics)
    }

    static let management = IPv4Address(192, 168, 200, 2)
    static let storage = IPv4Address(192, 168, 201, 2)
    static let gateway = IPv4Address(192, 168, 200, 1)
    static let nics = [
        NICPlan(
            index: 0, mac: MACAddress(derivedFrom: management), address: management, gateway: gateway, nameservers: [gateway],
            searchDomains: ["lago.local"]),
        NICPlan(index: 1, mac: MACAddress(derivedFrom: storage), address: storage, mtu: 9000),
        NICPlan(index: 2),
    ]
}
