import AtollClaims
import AtollPlatform

extension TemplateStore {
    /// The template that a file is, whichever store it lies in: this one, the state root's, or another that has our record of it.
    /// - Parameter path: of the image, or of a link to it.
    package func template(at path: String) -> (store: TemplateStore, name: TemplateName)? {
        let real = Directories.real(path)
        guard let slash = real.lastIndex(of: "/"), let name = TemplateName(String(real[real.index(after: slash)...])) else { return nil }
        let place = String(real[..<slash])
        if place == Directories.real(directory) { return (self, name) }
        var other = TemplateStore(root: root, directory: place)
        other.patience = patience
        guard place == Directories.real(root.store) || other.record(name) != nil else { return nil }
        return (other, name)
    }
}
