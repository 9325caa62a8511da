/// A small ISO 9660 volume with Rock Ridge names: one flat directory of regular files, enough for a seed and strict about it.
///
/// Layout in sectors of 2048 bytes: 16 volume descriptor, 17 terminator, 18 and 19 path tables, 20 Rock Ridge's extension
/// record, 21… the directory, then each file.
package struct ISOImage: Sendable {
    package static let sector = 2048
    /// The volume's name, as `blkid` shows it; up to 32 ASCII characters.
    package var label: String
    /// In directory order. Names are any UTF-8 up to 128 bytes without `/`.
    package var files: [(name: String, bytes: [UInt8])]
    /// Every date in the volume, seconds since 1970: equal content makes equal bytes.
    package var time: Int64

    package init(label: String, files: [(name: String, bytes: [UInt8])], time: Int64) {
        self.label = label
        self.files = files
        self.time = time
    }

    /// The whole volume.
    /// - Throws: `.unrepresentable` for a label, name or size that has no place in it.
    package func bytes() throws -> [UInt8] {
        guard !label.isEmpty, label.utf8.count <= 32, label.allSatisfy({ $0.isASCII && !$0.isWhitespace }) else {
            throw BootstrapError(.unrepresentable, "«\(label)» is no volume label: 1 to 32 ASCII characters without spaces")
        }
        // What Rock Ridge readers show; ISO 9660 itself wants the records sorted by the short names, which follow this order.
        let sorted = files.sorted { $0.name < $1.name }
        for (index, file) in sorted.enumerated() {
            guard !file.name.isEmpty, file.name.utf8.count <= 128, !file.name.contains("/"), ![".", ".."].contains(file.name),
                index == 0 || sorted[index - 1].name != file.name
            else { throw BootstrapError(.unrepresentable, "«\(file.name)» cannot be the name of a file in a seed volume") }
            guard file.bytes.count < 1 << 31 else { throw BootstrapError(.unrepresentable, "\(file.name) is too large for a seed volume") }
        }
        guard sorted.count < 10_000 else { throw BootstrapError(.unrepresentable, "too many files for a seed volume") }
        let lengths = sorted.enumerated().map { record($1.name, short: shortName($0), extent: 0, size: 0).count }
        let own = [[0], [1]].map { record(nil, short: $0, extent: 0, size: 0, isDirectory: true).count }
        let directorySectors = sectors(ofRecords: own + lengths)
        let rootExtent = 21
        var extent = rootExtent + directorySectors
        var directory = SectorPacker()
        let size = directorySectors * Self.sector
        directory.append(record(nil, short: [0], extent: rootExtent, size: size, isDirectory: true))
        directory.append(record(nil, short: [1], extent: rootExtent, size: size, isDirectory: true))
        var data: [UInt8] = []
        for (index, file) in sorted.enumerated() {
            directory.append(record(file.name, short: shortName(index), extent: extent, size: file.bytes.count))
            data += file.bytes + [UInt8](repeating: 0, count: padding(file.bytes.count))
            extent += (file.bytes.count + Self.sector - 1) / Self.sector
        }
        directory.pad(to: size)
        var volume = [UInt8](repeating: 0, count: 16 * Self.sector)
        volume += descriptor(sectors: extent, rootExtent: rootExtent, rootSize: size)
        volume += padded([255] + Array("CD001".utf8) + [1])
        volume += padded([1, 0] + little32(rootExtent) + [1, 0, 0, 0])
        volume += padded([1, 0] + big32(rootExtent) + [0, 1, 0, 0])
        volume += padded(extensionRecord)
        return volume + directory.bytes + data
    }

    private func descriptor(sectors: Int, rootExtent: Int, rootSize: Int) -> [UInt8] {
        var text = [1] + Array("CD001".utf8) + [1, 0] as [UInt8]
        text +=
            spaces("LINUX", 32) + spaces(label, 32) + [UInt8](repeating: 0, count: 8) + both32(sectors) + [UInt8](repeating: 0, count: 32)
        text += both16(1) + both16(1) + both16(Self.sector) + both32(10)
        text += little32(18) + little32(0) + big32(19) + big32(0)
        // Here the root's record goes without Rock Ridge: its place is exactly 34 bytes.
        text += plainRecord(short: [0], extent: rootExtent, size: rootSize, isDirectory: true)
        text += spaces("", 128) + spaces("", 128) + spaces("", 128) + spaces("ATOLL", 128) + spaces("", 37 * 3)
        text += longDate + longDate + [UInt8](repeating: UInt8(ascii: "0"), count: 16) + [0] + longDate + [1, 0]
        return padded(text)
    }

    private func plainRecord(short: [UInt8], extent: Int, size: Int, isDirectory: Bool) -> [UInt8] {
        var record = both32(extent) + both32(size) + shortDate + [isDirectory ? 2 : 0, 0, 0] + both16(1)
        record += [UInt8(short.count)] + short
        // Records have even lengths; the first two bytes are still to come.
        if record.count % 2 == 1 { record.append(0) }
        return [UInt8(record.count + 2), 0] + record
    }

    private func record(_ name: String?, short: [UInt8], extent: Int, size: Int, isDirectory: Bool = false) -> [UInt8] {
        var record = plainRecord(short: short, extent: extent, size: size, isDirectory: isDirectory)
        // SP opens the root's own record; its CE says where the ER that names the extension lies.
        if short == [0] {
            record += Array("SP".utf8) + [7, 1, 0xBE, 0xEF, 0]
            record += Array("CE".utf8) + [28, 1] + both32(20) + both32(0) + both32(extensionRecord.count)
        }
        let mode = isDirectory ? 0o040555 : 0o100444
        record += Array("PX".utf8) + [36, 1] + both32(mode) + both32(isDirectory ? 2 : 1) + both32(0) + both32(0)
        record += Array("TF".utf8) + [26, 1, 0x0E] + shortDate + shortDate + shortDate
        if let name { record += Array("NM".utf8) + [UInt8(5 + name.utf8.count), 1, 0] + Array(name.utf8) }
        if record.count % 2 == 1 { record.append(0) }
        record[0] = UInt8(record.count)
        return record
    }

    private var extensionRecord: [UInt8] {
        let id = Array("RRIP_1991A".utf8)
        let description = Array("THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS".utf8)
        let source = Array("PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.".utf8)
        let count = 8 + id.count + description.count + source.count
        return Array("ER".utf8) + [UInt8(count), 1, UInt8(id.count), UInt8(description.count), UInt8(source.count), 1] + id + description
            + source
    }

    /// `F0000.;1`: nobody sees these names where Rock Ridge is read, and they sort as the real ones do.
    private func shortName(_ index: Int) -> [UInt8] {
        let digits = String(index)
        return Array(("F" + String(repeating: "0", count: 4 - digits.utf8.count) + digits + ".;1").utf8)
    }

    private var civil: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        let days = Int((time >= 0 ? time : time - 86399) / 86400)
        let rest = Int(time) - days * 86400
        // Days to a date of the Gregorian calendar, counted in eras of 400 years that start in March.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        return (year, civilMonth, dayOfYear - (153 * month + 2) / 5 + 1, rest / 3600, rest / 60 % 60, rest % 60)
    }

    private var shortDate: [UInt8] {
        let date = civil
        return [date.year - 1900, date.month, date.day, date.hour, date.minute, date.second, 0].map { UInt8(clamping: $0) }
    }

    private var longDate: [UInt8] {
        let date = civil
        func digits(_ value: Int, _ width: Int) -> [UInt8] {
            let text = String(value)
            return Array((String(repeating: "0", count: max(0, width - text.utf8.count)) + text).utf8)
        }
        return digits(date.year, 4) + [date.month, date.day, date.hour, date.minute, date.second, 0].flatMap { digits($0, 2) } + [0]
    }

    private func sectors(ofRecords lengths: [Int]) -> Int {
        var packer = SectorPacker()
        for length in lengths { packer.append([UInt8](repeating: 0, count: length)) }
        return (packer.bytes.count + Self.sector - 1) / Self.sector
    }

    private func padding(_ count: Int) -> Int { (Self.sector - count % Self.sector) % Self.sector }
    private func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + [UInt8](repeating: 0, count: padding(bytes.count)) }
    private func spaces(_ text: String, _ width: Int) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: UInt8(ascii: " "), count: width - text.utf8.count)
    }
    private func little32(_ value: Int) -> [UInt8] { [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) } }
    private func big32(_ value: Int) -> [UInt8] { little32(value).reversed() }
    private func both32(_ value: Int) -> [UInt8] { little32(value) + big32(value) }
    private func both16(_ value: Int) -> [UInt8] {
        let low = UInt8(truncatingIfNeeded: value)
        let high = UInt8(truncatingIfNeeded: value >> 8)
        return [low, high, high, low]
    }
}

/// Directory records one after the other; none crosses the border of a sector.
private struct SectorPacker {
    var bytes: [UInt8] = []

    mutating func append(_ record: [UInt8]) {
        let left = ISOImage.sector - bytes.count % ISOImage.sector
        if record.count > left { pad(to: bytes.count + left) }
        bytes += record
    }

    mutating func pad(to count: Int) {
        if bytes.count < count { bytes += [UInt8](repeating: 0, count: count - bytes.count) }
    }
}
