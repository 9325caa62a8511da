import AtollHostPorts
import AtollLibvirt
import AtollPlatform
package import AtollVirtXML

/// Virtualization hardware of the host, as libvirt reports it.
package struct LibvirtHardware: HostHardware {
    private let link: LibvirtLink

    package init(_ link: LibvirtLink) { self.link = link }

    package func capabilities() async throws -> HostCapabilities {
        try await link.use { connection in
            var capabilities = try HostCapabilities(xml: try connection.capabilities())
            capabilities.hasVhostNet = SystemCall.exists("/dev/vhost-net")
            return capabilities
        }
    }

    package func domainCapabilities(_ kind: DomainKind) async throws -> DomainCapabilities {
        try await link.use { connection in
            try DomainCapabilities(
                xml: try connection.domainCapabilities(
                    emulator: kind.emulator, arch: kind.arch, machine: kind.machine, virtualizationType: kind.type.rawValue))
        }
    }

    package func cpuModels() async throws -> CPUModels { try await Blocking.run { try CPUModels() } }
}
