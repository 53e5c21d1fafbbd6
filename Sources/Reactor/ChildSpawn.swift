import CSystem
import Glibc

/// posix_spawn(3) with what every child of ours gets: a group of its own, no signals blocked, nothing inherited.
enum ChildSpawn {
    /// - Parameter input: what becomes standard input; nil gives the child `/dev/null`.
    static func spawn(
        _ configuration: ChildProcess.Configuration, input: Int32?, output: Int32, errors: Int32
    ) throws -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)

        var pid: pid_t = 0
        let status = withCStrings([configuration.executable] + configuration.arguments) { arguments in
            withCStrings(configuration.environment) { environment in
                posix_spawn(&pid, configuration.executable, &actions, &attributes, arguments, environment)
            }
        }
        guard status == 0 else { throw SystemError("posix_spawn", code: status) }
        for limit in configuration.limits {
            var value = rlimit(rlim_cur: rlim_t(limit.value), rlim_max: rlim_t(limit.value))
            prlimit(pid, Int32(limit.resource.rawValue), &value, nil)
        }
        if configuration.niceness != 0 {
            setpriority(__priority_which_t(PRIO_PGRP.rawValue), id_t(pid), configuration.niceness)
        }
        return pid
    }

    private static func withCStrings<T>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> T
    ) -> T {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        pointers.append(nil)
        return body(&pointers)
    }
}
