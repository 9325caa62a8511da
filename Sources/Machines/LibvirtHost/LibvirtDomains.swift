package import AtollHostPorts
import AtollLibvirt
package import AtollModel
package import AtollVirtXML
import AtollXML

/// Domains of the host through libvirt.
package struct LibvirtDomains: DomainLifecycle {
    private let link: LibvirtLink

    package init(_ link: LibvirtLink) { self.link = link }

    package func domains() async throws -> [ObservedDomain] {
        try await link.use { connection in
            try connection.listDomains().compactMap { domain in
                // A domain that ended after it was listed is left out.
                do { return try domain.observed() } catch let error as LibvirtError where error.isNotFound { return nil }
            }
        }
    }

    package func domain(named name: String) async throws -> ObservedDomain? {
        try await link.use { connection in
            do {
                return try connection.lookupDomain(name: name).observed()
            } catch let error as LibvirtError where error.isNotFound {
                return nil
            }
        }
    }

    package func start(_ definition: DomainDefinition) async throws {
        let xml = try VirtXML.text(definition)
        try await link.use { connection in
            do {
                _ = try connection.createDomain(xml: xml)
            } catch let error as LibvirtError where error.isConflict {
                // The call may be a retry after libvirtd restarted in the middle of the first one.
                let found = try connection.lookupDomain(name: definition.name).observed()
                guard found.owner == definition.ownerTag.prefix else { throw error }
            } catch let error as LibvirtError where error.isEmulatorFailure {
                throw EnvironmentError(
                    .hostFailure,
                    "QEMU failed to run VM '\(definition.ownerTag.name)': \(error)\n"
                        + "hint: see /var/log/libvirt/qemu/\(definition.name).log")
            }
        }
    }

    package func stop(named name: String, owner: PrefixID) async throws {
        try await link.use { connection in
            do {
                let domain = try connection.lookupDomain(name: name)
                try domain.checkOwner(owner)
                try domain.destroy()
            } catch let error as LibvirtError where error.isNotFound || error.isOperationInvalid {
                return
            }
        }
    }
}

extension LibvirtError {
    /// Neither libvirt, nor a permission, nor the XML is the cause.
    fileprivate var isEmulatorFailure: Bool { !isConnectionFailure && !isPermission && !isStorageAccess && !isInvalidXML }
}

extension Connection {
    /// The domain of that name.
    /// - Throws: `.notFound` if it is missing; `.refused` if it does not carry the owner tag of `owner`.
    func domain(named name: String, owner: PrefixID) throws -> Domain {
        do {
            let domain = try lookupDomain(name: name)
            try domain.checkOwner(owner)
            return domain
        } catch let error as LibvirtError where error.isNotFound {
            throw EnvironmentError(.notFound, "domain '\(name)' is missing")
        }
    }
}

extension Domain {
    /// - Throws: `.refused` if the domain does not carry the owner tag of `owner`.
    func checkOwner(_ owner: PrefixID) throws {
        guard try observed().owner == owner else { throw EnvironmentError.foreign("domain", name, owner) }
    }

    /// State and owner of the domain.
    func observed() throws -> ObservedDomain {
        let state = MachineState(rawValue: try state().state.rawValue) ?? .unknown
        let text = try xml()
        do {
            let description = try DomainDescription(xml: text)
            let accelerator: Accelerator? =
                switch description.type {
                case "kvm": .kvm
                case "qemu": .tcg
                default: nil
                }
            return ObservedDomain(name: name, state: state, owner: description.ownerTag?.prefix, accelerator: accelerator)
        } catch let error as XMLError {
            return ObservedDomain(name: name, state: state, owner: OwnerTag(damaged: text)?.prefix, unreadable: error.description)
        }
    }
}
