/// The texts of `--help`.
enum HelpTopic: Equatable {
    case palco, serve, admin, doctor, version

    /// The command's name as it is typed after `palco`; empty for the whole.
    var name: String {
        switch self {
        case .palco: ""
        case .serve: "serve"
        case .admin: "admin"
        case .doctor: "doctor"
        case .version: "version"
        }
    }

    var text: String {
        switch self {
        case .palco:
            """
            palco: a video server of your own

            usage: palco <command> [options]

              serve           start the server
              admin create    make an administrator
              admin unlock    free an account that wrong passwords have locked
              doctor          look at all that Palco needs, and say how to mend it
              version         print the version

            palco <command> --help tells more. Settings are environment variables, also read from the file .env;
            palco.sample.env explains them all.
            """
        case .serve:
            """
            usage: palco serve [--host H] [--port N] [--data DIR]

            Starts the server and stays in the foreground. SIGTERM lets what is in flight finish, 10 seconds at most. SIGHUP
            loads the certificates of https anew.

              --host H      the address to listen on (PALCO_HOST, 127.0.0.1)
              --port N      the port; 0 for any free one (PALCO_PORT, 8080)
              --data DIR    the folder for everything that is kept (PALCO_DATA, ./data)
            """
        case .admin:
            """
            usage: palco admin create --email ADDRESS [--data DIR]
                   palco admin unlock --email ADDRESS [--data DIR]

            create makes an administrator; the password is read from PALCO_ADMIN_PASSWORD, without it one is made and
            printed once. unlock frees an account that wrong passwords have locked. Both work while the server runs.

              --email ADDRESS    the address to sign in with
              --data DIR         the server's data folder (PALCO_DATA, ./data)
            """
        case .doctor:
            """
            usage: palco doctor [--data DIR]
                   palco doctor --url https://video.example.org

            Looks at ffmpeg, the data folder, free space, the database, certificates, limits and the sandbox, and says how
            to mend what is wrong. It changes nothing. Ends with 1 when something is bad.

              --data DIR    the folder for everything that is kept (PALCO_DATA, ./data)
              --url URL     looks at a running server instead, by the address that people use: whether the proxy before
                            it passes on the client's address, the scheme, the name, WebSockets, uploads and streams
            """
        case .version:
            """
            usage: palco version

            Prints the version on one line.
            """
        }
    }
}
