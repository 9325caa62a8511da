public import OrderedCollections

/// A JSON or YAML tree with its key order. Unknown keys pass through unchanged.
public enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([Value])
    case map(OrderedDictionary<String, Value>)

    /// Member of a map; nil if absent or not a map.
    public subscript(key: String) -> Value? {
        if case .map(let members) = self { members[key] } else { nil }
    }

    /// Members of a map, or nil.
    public var members: OrderedDictionary<String, Value>? {
        if case .map(let members) = self { members } else { nil }
    }

    /// Elements of a list, or nil.
    public var elements: [Value]? {
        if case .list(let elements) = self { elements } else { nil }
    }

    /// Text of a scalar (`123456` and `"123456"` are equal); nil for null, lists and maps.
    public var text: String? {
        switch self {
        case .string(let text): text
        case .int(let number): String(number)
        case .double(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .null, .list, .map: nil
        }
    }

    /// Integer value of a number or a numeric text; nil otherwise.
    public var integer: Int? {
        switch self {
        case .int(let number): number
        case .string(let text): Int(text.trimmingSpaces())
        case .double(let number): Int(exactly: number)
        default: nil
        }
    }

    /// Python truthiness, with `false`, `no`, `off` and `0` as text counting as false (`make_a_copy: 'True'`).
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

    /// Name of the type, for messages.
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
