/// Why a definition cannot be written as XML.
public struct VirtXMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    public enum Code: String, Sendable {
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
    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
