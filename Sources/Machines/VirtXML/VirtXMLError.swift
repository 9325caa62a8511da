/// Why a definition cannot be written as XML.
package struct VirtXMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// CPU settings that contradict each other or cannot be written.
        case cpu
        /// A CPU model that libvirt's CPU map does not have.
        case cpuModel
        /// libvirt's CPU map cannot be read.
        case cpuMap
        /// A name that does not fit.
        case name
        /// Something that is no address, or a network without one.
        case address
        /// More devices of a kind than the machine has places for.
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
