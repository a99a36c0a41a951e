/// The instructions of Python's pickle that files of tensors use (protocols 2 to 4), by their code.
enum PickleOpcode: UInt8 {
    case mark = 0x28  // (
    case stop = 0x2E  // .
    case pop = 0x30
    case popMark = 0x31
    case duplicate = 0x32
    case protocolVersion = 0x80
    case frame = 0x95

    case none = 0x4E  // N
    case newTrue = 0x88
    case newFalse = 0x89
    case int32 = 0x4A  // J
    case uint8 = 0x4B  // K
    case uint16 = 0x4D  // M
    case long1 = 0x8A
    case long4 = 0x8B
    case float64 = 0x47  // G
    case text32 = 0x58  // X
    case text8 = 0x8C
    case text64 = 0x8D

    case emptyTuple = 0x29
    case tuple = 0x74
    case tuple1 = 0x85
    case tuple2 = 0x86
    case tuple3 = 0x87
    case emptyList = 0x5D
    case append = 0x61
    case appends = 0x65
    case emptyDictionary = 0x7D
    case setItem = 0x73
    case setItems = 0x75

    case put8 = 0x71  // q
    case put32 = 0x72
    case memoize = 0x94
    case get8 = 0x68  // h
    case get32 = 0x6A

    case global = 0x63  // c
    case stackGlobal = 0x93
    case instance = 0x69  // i, known so that the name it asks for can be told
    case reduce = 0x52  // R
    case build = 0x62  // b
    case persistentID = 0x51  // Q

    /// Python's names of the others, for messages.
    static func name(_ code: UInt8) -> String {
        let known: [UInt8: String] = [
            0x49: "INT", 0x4C: "LONG", 0x53: "STRING", 0x54: "BINSTRING", 0x55: "SHORT_BINSTRING", 0x56: "UNICODE", 0x46: "FLOAT",
            0x50: "PERSID", 0x64: "DICT", 0x6C: "LIST", 0x6F: "OBJ", 0x70: "PUT", 0x67: "GET", 0x42: "BINBYTES", 0x43: "SHORT_BINBYTES",
            0x81: "NEWOBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x8E: "BINBYTES8", 0x8F: "EMPTY_SET", 0x90: "ADDITEMS",
            0x91: "FROZENSET", 0x92: "NEWOBJ_EX", 0x96: "BYTEARRAY8", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
        ]
        return known[code] ?? "0x" + String(code, radix: 16)
    }
}
