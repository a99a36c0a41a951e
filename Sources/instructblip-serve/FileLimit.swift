#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// How many files, connections among them, the process may have open.
enum FileLimit {
    /// Shells allow 1,024 where nobody asks, no more than connections alone may be; the system allows more to whoever does.
    static func raise() {
        var limit = rlimit()
        #if canImport(Glibc)
            let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let files = RLIMIT_NOFILE
        #endif
        guard getrlimit(files, &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, 8192)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        // Where it is refused, fewer connections fit.
        _ = setrlimit(files, &limit)
    }
}
