/// An XML element: a name, attributes in the order they are written, and children.
///
/// Two elements are equal when they mean the same: the order of attributes does not count, that of children does.
package struct Element: Sendable, Equatable {
    /// A child: an element or a run of text.
    package enum Content: Sendable, Equatable {
        case element(Element)
        case text(String)
    }

    /// A name and its value, unescaped.
    package struct Attribute: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The name as written, prefix included (`atoll:instance`).
    package var name: String
    package var attributes: [Attribute]
    package var children: [Content]

    /// An element from attributes and child elements. Attributes whose value is nil are left out.
    package init(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], _ elements: [Element] = []) {
        self.name = name
        self.attributes = attributes.compactMap { pair in pair.value.map { Attribute(pair.key, $0) } }
        children = elements.map(Content.element)
    }

    /// An element that holds text only.
    package init(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], text: String) {
        self.init(name, attributes)
        children = text.isEmpty ? [] : [.text(text)]
    }

    /// The value of an attribute; setting nil removes it, setting a new one appends it.
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

    /// The child elements, texts left out.
    package var elements: [Element] {
        children.compactMap { if case .element(let element) = $0 { element } else { nil } }
    }

    /// The texts of this element and everything below it, joined.
    package var text: String {
        children.map { child in
            switch child {
            case .element(let element): element.text
            case .text(let text): text
            }
        }.joined()
    }

    /// The child elements of one name, in order.
    package func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }

    /// The first element reached by going down `path` name by name.
    package func first(_ path: String...) -> Element? {
        path.reduce(Optional(self)) { element, name in element?.elements.first { $0.name == name } }
    }

    /// Adds a child element at the end.
    package mutating func append(_ element: Element) { children.append(.element(element)) }

    /// The first element here or below, in document order, whose name without prefix is `local` and whose prefix stands for `namespace`.
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
