/// An error of generating XML.
package struct VirtXMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// Conflicting or invalid CPU settings.
        case cpu
        /// A CPU model that is missing in libvirt's CPU map.
        case cpuModel
        /// libvirt's CPU map is missing or invalid.
        case cpuMap
        /// Invalid or too long name.
        case name
        /// Invalid address, or a network without one.
        case address
        /// More devices of a type than the machine type supports.
        case device
    }
    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
