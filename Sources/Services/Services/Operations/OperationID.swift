import Foundation

/// Identifier of an operation, unique across processes; 32 hexadecimal digits.
package struct OperationID: Sendable, Hashable, Codable, CustomStringConvertible {
    package let description: String

    /// A new identifier.
    package init() { description = UUID().uuidString.replacing("-", with: "").lowercased() }

    /// An identifier that was printed before.
    package init(_ text: String) { description = text }

    package init(from decoder: any Decoder) throws {
        description = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
