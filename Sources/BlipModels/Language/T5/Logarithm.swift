#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The natural logarithm, without the whole of Foundation.
func logarithm(_ x: Double) -> Double { log(x) }
