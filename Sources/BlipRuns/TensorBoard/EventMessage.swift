/// TensorBoard's `Event` in protocol buffers, and the record around it in the file.
///
/// Fields are those of tensorboard/compat/proto: event.proto, summary.proto, tensor.proto.
enum EventMessage {
    /// The first event of every file.
    static func version(time: Double, writer: String) -> [UInt8] {
        var message = ProtobufMessage(time: time)
        message.text(3, "brain.Event:2")
        message.message(10) { $0.text(1, writer) }
        return message.bytes
    }

    /// Values of one step, which TensorBoard holds in 32 bits.
    static func scalars(_ values: [(tag: String, value: Double)], step: Int, time: Double) -> [UInt8] {
        event(step: step, time: time) { summary in
            for (tag, value) in values {
                summary.message(1) {
                    $0.text(1, tag)
                    $0.float(2, Float(value))
                }
            }
        }
    }

    /// A text, which TensorBoard shows as Markdown.
    static func text(_ text: String, tag: String, step: Int, time: Double) -> [UInt8] {
        event(step: step, time: time) { summary in
            summary.message(1) { value in
                value.text(1, tag + "/text_summary")
                value.message(8) { tensor in
                    tensor.integer(1, 7)  // DT_STRING
                    tensor.message(2) { $0.message(2) { $0.integer(1, 1) } }
                    tensor.text(8, text)
                }
                value.message(9) { $0.message(1) { $0.text(1, "text") } }
            }
        }
    }

    /// A session that starts at a step: what older files of the folder tell of it and of later ones does not count any more.
    ///
    /// TensorBoard drops nothing at the first such event that it reads, so that every file needs one.
    static func start(atStep step: Int, time: Double) -> [UInt8] {
        var message = ProtobufMessage(time: time)
        if step != 0 { message.integer(2, step) }
        message.message(7) { $0.integer(1, 1) }  // SessionLog.START
        return message.bytes
    }

    /// Length, its checksum, the bytes, their checksum; all little-endian.
    static func record(_ event: [UInt8]) -> [UInt8] {
        let length = littleEndian(UInt64(event.count))
        return length + littleEndian(CRC32C.masked(length)) + event + littleEndian(CRC32C.masked(event))
    }

    private static func event(step: Int, time: Double, _ summary: (inout ProtobufMessage) -> Void) -> [UInt8] {
        var message = ProtobufMessage(time: time)
        // A field that has its default is left out, as Google's own encoders do.
        if step != 0 { message.integer(2, step) }
        message.message(5, summary)
        return message.bytes
    }
}

/// The wire format of protocol buffers, as far as events need it.
struct ProtobufMessage {
    private(set) var bytes: [UInt8] = []

    init() {}

    /// Every event begins with its time.
    init(time: Double) {
        tag(1, wireType: 1)
        bytes += littleEndian(time.bitPattern)
    }

    mutating func integer(_ field: Int, _ value: Int) {
        tag(field, wireType: 0)
        variable(UInt64(bitPattern: Int64(value)))
    }

    mutating func float(_ field: Int, _ value: Float) {
        tag(field, wireType: 5)
        bytes += littleEndian(value.bitPattern)
    }

    mutating func text(_ field: Int, _ value: String) { delimited(field, Array(value.utf8)) }

    mutating func message(_ field: Int, _ fill: (inout ProtobufMessage) -> Void) {
        var inner = ProtobufMessage()
        fill(&inner)
        delimited(field, inner.bytes)
    }

    private mutating func delimited(_ field: Int, _ content: [UInt8]) {
        tag(field, wireType: 2)
        variable(UInt64(content.count))
        bytes += content
    }

    private mutating func tag(_ field: Int, wireType: Int) { variable(UInt64(field << 3 | wireType)) }

    /// Seven bits a byte, the lowest first; all but the last have the eighth set.
    private mutating func variable(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
