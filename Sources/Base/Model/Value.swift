public import OrderedCollections

/// Data as the user wrote it: a JSON or YAML tree with its key order. Keys the product does not know travel in here untouched.
public enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([Value])
    case map(OrderedDictionary<String, Value>)

    /// The member of a map, or nil for anything else.
    public subscript(key: String) -> Value? {
        if case .map(let members) = self { members[key] } else { nil }
    }

    /// The map's members, or nil.
    public var members: OrderedDictionary<String, Value>? {
        if case .map(let members) = self { members } else { nil }
    }

    /// The list's elements, or nil.
    public var elements: [Value]? {
        if case .list(let elements) = self { elements } else { nil }
    }

    /// A scalar as text, the way people mean it (`123456` and `"123456"` are one password); nil for null, lists and maps.
    public var text: String? {
        switch self {
        case .string(let text): text
        case .int(let number): String(number)
        case .double(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .null, .list, .map: nil
        }
    }

    /// A whole number, written as a number or as text; nil otherwise.
    public var integer: Int? {
        switch self {
        case .int(let number): number
        case .string(let text): Int(text.trimmingSpaces())
        case .double(let number): Int(exactly: number)
        default: nil
        }
    }

    /// Whether the value counts as yes where any truthy value did (`make_a_copy: 'True'`).
    public var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let flag): flag
        case .int(let number): number != 0
        case .double(let number): number != 0
        case .string(let text): !text.isEmpty && !["false", "no", "off", "0"].contains(text.lowercased())
        case .list(let elements): !elements.isEmpty
        case .map(let members): !members.isEmpty
        }
    }

    /// What kind of value this is, in the words an error uses.
    public var kind: String {
        switch self {
        case .null: "nothing"
        case .bool: "a boolean"
        case .int: "a whole number"
        case .double: "a number"
        case .string: "text"
        case .list: "a list"
        case .map: "a mapping"
        }
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral, ExpressibleByFloatLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: Value...) { self = .list(elements) }
    public init(dictionaryLiteral elements: (String, Value)...) {
        self = .map(OrderedDictionary(elements, uniquingKeysWith: { _, last in last }))
    }
}

extension String {
    /// Without leading and trailing white space.
    func trimmingSpaces() -> String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
