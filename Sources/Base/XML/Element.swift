/// An XML element: name, attributes in written order, and children.
///
/// Equality ignores the order of attributes but not that of children.
package struct Element: Sendable, Equatable {
    /// A child: an element or a run of text.
    package enum Content: Sendable, Equatable {
        case element(Element)
        case text(String)
    }

    /// An attribute name and its unescaped value.
    package struct Attribute: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Name as written, including the prefix (`atoll:instance`).
    package var name: String
    package var attributes: [Attribute]
    package var children: [Content]

    /// Creates an element with attributes and child elements. Attributes with a nil value are omitted.
    package init(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], _ elements: [Element] = []) {
        self.name = name
        self.attributes = attributes.compactMap { pair in pair.value.map { Attribute(pair.key, $0) } }
        children = elements.map(Content.element)
    }

    /// Creates an element that contains only text.
    package init(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], text: String) {
        self.init(name, attributes)
        children = text.isEmpty ? [] : [.text(text)]
    }

    /// Value of an attribute. Setting nil removes the attribute; setting a new one appends it.
    package subscript(attribute: String) -> String? {
        get { attributes.first { $0.name == attribute }?.value }
        set {
            let index = attributes.firstIndex { $0.name == attribute }
            switch (index, newValue) {
            case (let index?, let value?): attributes[index].value = value
            case (let index?, nil): attributes.remove(at: index)
            case (nil, let value?): attributes.append(Attribute(attribute, value))
            case (nil, nil): break
            }
        }
    }

    /// Child elements, without text.
    package var elements: [Element] {
        children.compactMap { if case .element(let element) = $0 { element } else { nil } }
    }

    /// Text of this element and all descendants, joined.
    package var text: String {
        children.map { child in
            switch child {
            case .element(let element): element.text
            case .text(let text): text
            }
        }.joined()
    }

    /// Child elements with this name, in order.
    package func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }

    /// First descendant along `path`, one name per level.
    package func first(_ path: String...) -> Element? {
        path.reduce(Optional(self)) { element, name in element?.elements.first { $0.name == name } }
    }

    /// Adds a child element at the end.
    package mutating func append(_ element: Element) { children.append(.element(element)) }

    /// First element in document order, this one included, with this local name and a prefix bound to `namespace`.
    package func first(local: String, namespace: String) -> Element? { search(local: local, namespace: namespace, scope: [:]) }

    private func search(local: String, namespace: String, scope: [Substring: String]) -> Element? {
        var scope = scope
        for attribute in attributes {
            if attribute.name == "xmlns" { scope[""] = attribute.value }
            if attribute.name.hasPrefix("xmlns:") { scope[attribute.name.dropFirst(6)] = attribute.value }
        }
        let parts = name.split(separator: ":", maxSplits: 1)
        let (prefix, last) = parts.count == 2 ? (parts[0], parts[1]) : ("", Substring(name))
        if last == local, scope[prefix] == namespace { return self }
        for child in elements {
            if let found = child.search(local: local, namespace: namespace, scope: scope) { return found }
        }
        return nil
    }

    package static func == (a: Element, b: Element) -> Bool {
        a.name == b.name && a.children == b.children
            && a.attributes.sorted { ($0.name, $0.value) < ($1.name, $1.value) }
                == b.attributes.sorted { ($0.name, $0.value) < ($1.name, $1.value) }
    }
}
