/// The texts of `--help`.
enum HelpTopic: Equatable {
    case palco, serve, worker, workers, admin, user, token, audit, keys, migrate, database, storage, backup, restore,
        verify, export, importing, doctor, version

    /// The command's name as it is typed after `palco`; empty for the whole.
    var name: String {
        switch self {
        case .palco: ""
        case .serve: "serve"
        case .worker: "worker"
        case .workers: "workers"
        case .admin: "admin"
        case .user: "user"
        case .token: "token"
        case .audit: "audit"
        case .keys: "keys"
        case .migrate: "migrate"
        case .database: "database"
        case .storage: "storage"
        case .backup: "backup"
        case .restore: "restore"
        case .verify: "verify"
        case .export: "export"
        case .importing: "import"
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
              worker          encode for a server, on this machine or another
              workers         list those who encode
              admin create    make an administrator
              admin unlock    free an account that wrong passwords have locked
              user            list, make, change and import people
              token           make, list and remove API tokens of people
              audit export    write out who did what
              keys rotate     let a new key sign access tokens
              migrate         bring the database up to date
              database copy   move everything from SQLite to PostgreSQL, or back
              storage copy    bring all media from a folder to a bucket, or back
              backup          copy everything into a folder while the server runs
              restore         make an installation of a backup, in an empty place
              verify          look whether all media is there and as it was, and make lost parts anew
              export          write people, videos and what belongs to them into an archive for any program
              import          take such an archive into this house
              doctor          look at all that Palco needs, and say how to mend it
              version         print the version

            palco <command> --help tells more. Settings are environment variables, also read from the file .env;
            palco.sample.env explains them all.
            """
        case .serve:
            """
            usage: palco serve [--host H] [--port N] [--data DIR] [--workers N]

            Starts the server and stays in the foreground. SIGTERM lets what is in flight finish, 10 seconds at most. SIGHUP
            loads the certificates of https anew.

              --host H      the address to listen on (PALCO_HOST, 127.0.0.1)
              --port N      the port; 0 for any free one (PALCO_PORT, 8080)
              --data DIR    the folder for everything that is kept (PALCO_DATA, ./data)
              --workers N   tasks of encoding at once; 0 leaves them all to palco worker (PALCO_WORKERS, as many as cores)
            """
        case .worker:
            """
            usage: palco worker [--workers N] [--kinds NAMES] [--max-lines N] [--data DIR]

            Encodes for the server that has the same database and storage (PALCO_DATABASE, PALCO_STORAGE), and stays in the
            foreground. It opens no port. SIGTERM lets what is in hand be finished, 25 seconds at most, and gives the rest
            back; a second one gives it back at once. As many may run as there are machines for them.

              --workers N      tasks at once (PALCO_WORKERS, as many as cores)
              --kinds NAMES    only these, such as copy,chunk (PALCO_WORKER_KINDS, all)
              --max-lines N    only films of at most so many lines, such as 1080 (PALCO_WORKER_MAX_LINES, any)
              --data DIR       the folder for what is only of this machine (PALCO_DATA, ./data)
            """
        case .workers:
            """
            usage: palco workers [--data DIR]

            Lists all processes that encode: what they may take, what they have in hand, and when they were heard of.

              --data DIR    the server's data folder (PALCO_DATA, ./data)
            """
        case .admin:
            """
            usage: palco admin create --email ADDRESS [--data DIR]
                   palco admin unlock --email ADDRESS [--data DIR]

            create makes an administrator; the password is read from PALCO_ADMIN_PASSWORD, without it one is made and
            printed once. An account that is there gets it too, and loses its locks and one-time codes. unlock frees an
            account that wrong passwords have locked. Both work while the server runs.

              --email ADDRESS    the address to sign in with
              --data DIR         the server's data folder (PALCO_DATA, ./data)
            """
        case .user:
            """
            usage: palco user list [--words TEXT] [--role ROLE] [--state STATE]
                   palco user create --email ADDRESS [--name NAME] [--role ROLE] [--locale LANGUAGE] [--password-stdin]
                   palco user role --email ADDRESS --role ROLE
                   palco user disable|enable|unlock --email ADDRESS
                   palco user reset --email ADDRESS [--password-stdin]
                   palco user import --file LIST [--dry-run]

            For houses that script; all of it works while the server runs, which obeys within seconds. create and reset take the
            password from the first line of standard input, or make one and print it once; reset ends all sign-ins of the person
            and their locks. import takes a list with the columns email,name,role,locale,groups,password_hash, and says of each
            line that it refuses why. Ends with 65 when something that was given is refused.

              --email ADDRESS     whose account
              --role ROLE         user, premium, creator or admin
              --state STATE       active, disabled, locked or unverified
              --words TEXT        what stands in the name or the address
              --name NAME         shown to others; without it what stands before the @
              --locale LANGUAGE   such as en, es or ru
              --password-stdin    the password is the first line of standard input
              --file LIST         comma-separated values; - for standard input
              --dry-run           changes nothing, and says what would be done
              --json              answers for programs; of list one object a line
              --data DIR          the server's data folder (PALCO_DATA, ./data)
            """
        case .token:
            """
            usage: palco token create --email ADDRESS --name NAME --scopes SCOPES --days N
                   palco token list --email ADDRESS
                   palco token remove --id ID

            A token lets a program act for a person, with a part of the person's rights, for some days: it is sent as
            "Authorization: Bearer palco_...". It is printed once. It ends with the person, and when it is removed, within seconds.

              --email ADDRESS    whose token
              --name NAME        what it is for
              --scopes SCOPES    some of read,upload,manage,administer
              --days N           how long it is good, 366 at most
              --id ID            of the token, as list tells it
              --json             answers for programs
              --data DIR         the server's data folder (PALCO_DATA, ./data)
            """
        case .audit:
            """
            usage: palco audit export [--format csv|jsonl] [--from TIME] [--to TIME] [--action NAMES] [--actor ID] [--target ID]
                                      [--words TEXT]

            Writes who did what, with what, when and from where to standard output, the oldest first. That it was written out is
            an entry as well.

              --format NAME     csv (the default), or jsonl: one JSON object a line
              --from TIME       such as 2026-01-31T00:00:00Z
              --to TIME         before this time
              --action NAMES    such as user.signed_in,user.role_changed
              --actor ID        of the user who did it
              --target ID       of what it was done with
              --words TEXT      what stands in names and addresses
              --data DIR        the server's data folder (PALCO_DATA, ./data)
            """
        case .keys:
            """
            usage: palco keys rotate [--data DIR]

            Lets a new key sign access tokens, where PALCO_JWT_ALGORITHM asks for pairs of keys. What the old one signed is
            good until it is over, so nobody is signed out. Works while servers run: they take the new key up within a minute.

              --data DIR    the server's data folder (PALCO_DATA, ./data)
            """
        case .migrate:
            """
            usage: palco migrate [show] [--data DIR]

            Brings the database of PALCO_DATABASE (or of the data folder) up to date, as each start does; show only tells what
            would be done. Of several that begin at once one does it, the others wait.

              --data DIR    the folder for everything that is kept (PALCO_DATA, ./data)
            """
        case .database:
            """
            usage: palco database copy --from sqlite:data/palco.sqlite --to postgres://user@host/name

            Copies every row into an empty database, in either direction, and compares all of them. Stop the server first.
            What was cut off goes on where it was when it is called again; until all is there no server opens the new
            database. The old one stays as it is. A password need not be typed: libpq reads PGPASSWORD and PGPASSFILE.

              --from NAME    sqlite:PATH, or an address as in PALCO_DATABASE
              --to NAME      the same
            """
        case .storage:
            """
            usage: palco storage copy --from local:data --to s3://bucket/prefix?endpoint=https://s3.example.org
                   palco storage move --from NAME --to NAME
                   palco storage move [--data DIR]

            Brings all originals and renditions from one place to another, in either direction, and compares each blob by its
            SHA-256. Stop the servers first. copy leaves the old ones; move removes each that is verified at its new place. What
            was cut off goes on where it was when it is called again. Uploads under way do not go along. The credentials of a
            bucket are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or in the file AWS_SHARED_CREDENTIALS_FILE.

            Without --from and --to servers go on: move brings what is in PALCO_STORAGE_ALSO to PALCO_STORAGE, where the servers
            put what is new already. It may be called again at any time, and says when the setting can go.

              --from NAME    local:FOLDER, or a bucket as in PALCO_STORAGE
              --to NAME      the same
              --data DIR     the servers' data folder (PALCO_DATA, ./data)
            """
        case .backup:
            """
            usage: palco backup FOLDER [--data DIR]

            Copies all rows and all media into a folder, as they were at one moment, while servers run; docs/backup.md tells the
            form. Called again it brings the folder up to date, and goes on where it was cut off: without manifest.json it is no
            backup. The folder holds password hashes, keys and all videos: keep it as safe as the server. Settings are not in it.

              --data DIR    the server's data folder (PALCO_DATA, ./data)
            """
        case .restore:
            """
            usage: palco restore FOLDER [--data DIR]

            Brings all of a backup into the database and the storage of the settings, of whichever kind; both must be empty, as
            must the data folder. What was cut off goes on when it is called again; until all is there no server begins. Of a backup
            that is damaged it restores the rest, tells what is missing, and ends with 1.

              --data DIR    the new data folder (PALCO_DATA, ./data)
            """
        case .verify:
            """
            usage: palco verify [--repair] [--data DIR]

            Reads all media: each original is compared with the checksum of its upload, and each part that the rows promise must
            be there, be what was made, and open with its key. Tells what is missing, damaged, or stands for nothing. Works while
            servers run. Ends with 0 when all is well, and with 1 when something is not.

              --repair      what is missing or damaged is made anew from its original, by the servers and workers that run
                            next. Ends with 1 when something cannot be. A server with SQLite must be stopped for it
              --data DIR    the server's data folder (PALCO_DATA, ./data)
            """
        case .export:
            """
            usage: palco export FOLDER [--data DIR]

            Writes people, vocabulary, videos with their originals and captions, and what belongs to people (favorites, lists,
            positions) into a folder: files of JSON lines and the originals, which docs/archive.md describes. Works while servers
            run. Called again it brings the folder up to date. It holds password hashes and all videos: keep it safe.

              --data DIR    the server's data folder (PALCO_DATA, ./data)
            """
        case .importing:
            """
            usage: palco import FOLDER [--data DIR]

            Takes all of an archive of palco export into this house, which may have people and videos already: what is there
            stays as it is. People are known by their addresses, videos by their owners and originals; ids stay the same unless
            they are taken. What was cut off goes on when it is called again; twice changes nothing. Videos are encoded anew by the
            servers that run next. Ends with 65 when something was refused. A server with SQLite must be stopped for it.

              --data DIR    the server's data folder (PALCO_DATA, ./data)
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
