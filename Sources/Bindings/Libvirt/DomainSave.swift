import CLibvirt

extension Domain {
    /// Writes memory and device state to a file of the daemon's host and stops the domain.
    package func save(to path: String) throws(LibvirtError) { try check("save", virDomainSave(raw, path)) }

    /// Cancels the running job: a save, a migration.
    package func abortJob() throws(LibvirtError) { try check("abort the job of", virDomainAbortJob(raw)) }
}

extension Connection {
    /// XML of the domain in a file that `Domain.save` wrote.
    package func savedDomainXML(path: String) throws(LibvirtError) -> String {
        try text("read the saved domain \(path)") { virDomainSaveImageGetXMLDesc($0, path, 0) }
    }

    /// Starts a saved domain where it stopped, in the state it was saved in. The file stays.
    package func restoreDomain(path: String) throws(LibvirtError) {
        try check("restore the saved domain \(path)") { virDomainRestore($0, path) }
    }
}
