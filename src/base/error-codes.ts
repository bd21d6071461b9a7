/**
 * The table of every error code: its remedy, whether trying again may help, and whether a message with this outcome
 * certainly did not run. One page per code lives in docs/errors/; a test keeps table and pages in step.
 */
interface CodeEntry {
  readonly remedy: string;
  readonly retriable: boolean;
  /** As the outcome of a message: true when the message certainly left no trace at its destination. */
  readonly didNotRun: boolean;
}

const code = (remedy: string, retriable = false, didNotRun = true): CodeEntry => ({ remedy, retriable, didNotRun });

export const errorCodes = {
  // Programs
  MK_NOT_COMPILED: code("Start the program with `maceken run FILE` or `node --import maceken/register FILE`, so that the write barrier is compiled in."),
  MK_NO_TURN: code("Use this.turn, refs and replies only inside a handler, a timer, a continuation or a constructor that runs in the birth turn."),
  MK_WRITE_OUTSIDE_TURN: code("Change persistent objects only inside a handler; from outside, send the service a message through node.client(…)."),
  MK_TURN_ASYNC: code("Handlers are synchronous: use this.turn.when(reply, this.method) or return this.turn.deferReply()."),
  MK_TURN_SLOW: code("Do less in one turn: cut the work into turns with this.turn.send or schedule, or leave it to an outside effect."),
  MK_TURN_TOO_LONG: code("Start the node again: the data are intact, and a message that ends its process 5 times is parked (`maceken dead ls DIR`). Mend the handler or cut its work into several turns; --max-turn-ms N allows more time, 0 any."),
  MK_REPLY_AWAITED: code("Write this.turn.when(reply, this.method, …context): the outcome comes back as a turn of its own."),
  MK_CONTINUATION_ANONYMOUS: code("Pass a method of this service, as in this.turn.when(reply, this.onHeld): it is kept by its name, which an arrow or a bound function does not have."),
  MK_CONTINUATION_FOREIGN: code("Pass a method of the same service; call the other service from there."),
  MK_WORLD_INVALID: code("Correct what world({ … }) is given: the message names it."),
  MK_CORE_FAILED: code("Search on one core: --cores 1. If that fails as well, what it says is the cause."),
  MK_NONDETERMINISTIC: code("Take time and chance from this.turn.now() and this.turn.random(); whatever else differs from run to run belongs in an outside effect."),
  MK_TRACE_INVALID: code("Make the trace anew with `maceken check FILE --trace OUT.json`, with the version of maceken that is to read it."),
  MK_HEAP_UNTRACKED_WRITE: code("Find what writes there: code that was not compiled (eval, a native module), or a method that the heap does not know. `maceken explain MK_HEAP_UNTRACKED_WRITE` lists them."),
  MK_VALUE_NOT_PERSISTENT: code("Keep such values out of the fields of services, or mark the field with volatile(() => …)."),
  MK_VALUE_NOT_SENDABLE: code("Send plain values, built-ins, errors and refs; owners do not share classes."),
  MK_REPLY_USED: code("A reply takes one `when`, or is returned from the handler; make another call for a second use."),
  MK_DEFERRED_SETTLED: code("Resolve or reject a deferred reply once."),
  MK_TIMER_PERIOD: code("Give a delay of 0 ms or more and a period of at least 1 ms."),
  MK_APP_INVALID: code("Export the app as the module's default: export default app({ version: 1 }).service(…)."),
  MK_SERVICE_INVALID: code("Return an instance of a class that extends Service from the factory, and give each service its own name."),
  MK_EFFECT_UNKNOWN: code("Supply the effect with .outside({ … }) on the app."),
  MK_CLASS_MISSING: code("Bring the class back, or give its successor `static persistentName` with the old name."),
  MK_CLASS_AMBIGUOUS: code("Give each class its own `static persistentName`."),
  MK_METHOD_MISSING: code("Bring the method back, or drain the timers, continuations, deferred messages and messages to itself that name it before the upgrade.", false, false),
  MK_UPGRADE_FAILED: code("Mend the code and start it again, or start the version before: the data are as they were. `maceken upgrade --dry-run` tries an upgrade without starting."),
  MK_START_FAILED: code("Mend the code and start it again: the data are as they were."),
  MK_VERSION_LOWER: code("Start the newer version of the app; data written by it cannot be read by an older one."),
  MK_SERVICE_REMOVED: code("Bring the service back, or list it as removed: app({ version, removed: [\"name\"] })."),
  MK_ADDRESS_INVALID: code("Write addresses as \"node/service\", with letters, digits, '.', '_' and '-'."),
  MK_SCHEMA_ASYNC: code("Use a schema that validates synchronously in `args`."),
  MK_FREEZE_PERSISTENT: code("Freeze an object in the turn that makes it, or put a frozen copy in its place: `this.x = Object.freeze({ ...this.x })`."),
  MK_GUARD_WROTE: code("Guards, aspects' selectors and schemas may only read; write in the handler."),

  MK_IDENTITY_MISSING: code("Put maceken.identity back from a backup. Without it this node cannot prove who it is, and its peers would have to forget it."),
  MK_PEER_KEY_CHANGED: code("If the peer's data were lost or replaced on purpose, run `maceken peers forget DIR NAME`; otherwise somebody else answers at its address."),
  MK_PEER_UNPINNED: code("Give the peer's address or its key: --peer NAME=HOST:PORT or --peer NAME#KEY. `maceken status DIR` shows a node's own key."),

  // Outcomes of messages
  MK_SERVICE_UNKNOWN: code("Check the service's name in the address."),
  MK_METHOD_UNKNOWN: code("List the method in the service's static `messages` table; nothing else is reachable."),
  MK_ARGUMENTS_INVALID: code("Send arguments that the schemas in `messages` accept."),
  MK_ORIGIN_REFUSED: code("The `from` entry of this method does not admit callers of this kind."),
  MK_GUARDED: code("The service is not in the state that this message's guard asks for; try later.", true),
  MK_PARKED: code("At the receiving node `maceken dead ls DIR` shows the message and why it is a dead letter: its handler threw at every try, or the process ended each time it ran. Mend the handler, then `maceken dead retry DIR ID`."),
  MK_DEAD_LETTERS_FULL: code("Look at them with `maceken dead ls DIR`, mend the handler, then `maceken dead retry DIR --all` or `dead drop`.", true),
  MK_HANDLER_FAILED: code("The handler threw an error that is not a Rejection; the turn was undone. See the receiving node's log."),
  MK_PEER_LOST: code("The peer was forgotten or began a new life; it may or may not have handled the message.", false, false),
  MK_OUTSIDE_FAILED: code("The outside effect threw at every try; see `details` for its last error.", false, false),
  MK_TOO_LARGE: code("Send smaller messages, or raise maxMessageBytes on both nodes."),
  MK_OUTBOX_FULL: code("The peer has not acknowledged for long; bring it back, or raise the quota.", true),
  MK_HELD_BACK: code("Try again after a moment. If it lasts, mend what the message names: a full disk, or a peer that is away, which has to come back or be given up with `maceken peers forget DIR NAME`.", true),
  MK_DEFER_FULL: code("Too many messages are deferred for this method; try later.", true),

  // HTTP
  MK_HTTP_BAD_REQUEST: code("POST /SERVICE/METHOD with a JSON array of arguments as the body."),
  MK_HTTP_NOT_FOUND: code("POST /SERVICE/METHOD; see the app for the names of services and methods."),
  MK_HTTP_METHOD: code("Use POST for messages and GET for /livez, /readyz and /metrics."),
  MK_HTTP_MEDIA_TYPE: code("Send content-type: application/json."),
  MK_HTTP_NOT_ACCEPTABLE: code("The answer holds values that JSON cannot; ask with accept: application/vnd.maceken.value."),
  MK_KEY_REUSED: code("Use a new Idempotency-Key for a request with other arguments."),
  MK_KEYS_FULL: code("Too many idempotency keys are live; try later, or raise maxIdempotencyKeys.", true),
  MK_CLIENT_UNREACHABLE: code("Check that the node runs and listens at this address.", true, false),
  MK_CLIENT_STOPPED: code("Make a new client, or keep the node running until its answers have come.", true, false),

  // Nodes and peers
  MK_PEER_UNKNOWN: code("Name the peer: maceken run … --peer NAME=HOST:PORT."),
  MK_PEER_REFUSED: code("List this node at the other one with --peer, or start that one with --accept any."),
  MK_PEER_ROLLED_BACK: code("Stop the node whose data are old and start it on its newest data. If those are gone, run `maceken restore OLD-DIR NEW-DIR` and start it on NEW-DIR, or `maceken peers forget DIR NAME` at either node."),
  MK_PEER_NAME_TAKEN: code("Two nodes claim the same name; give each its own with --name."),
  MK_FRAME_MALFORMED: code("Something that is not a MaceKen node of this version talks to this port."),
  MK_PROTOCOL_VERSION: code("Run versions of maceken that share a protocol version on both nodes."),
  MK_ADDRESS_IN_USE: code("Choose another port, or end the process that holds it."),
  MK_LISTEN_FAILED: code("Give an address of this machine as HOST:PORT."),

  // Data directory and log
  MK_DIRECTORY_LOCKED: code("Another process works on this data directory; end it first, or choose another directory."),
  MK_DIRECTORY_FOREIGN: code("Choose an empty directory, or one that MaceKen made."),
  MK_DIRECTORY_OTHER_NODE: code("Start with the name the directory was made for, or choose another directory."),
  MK_DIRECTORY_FORMAT: code("Use the version of maceken that wrote this directory."),
  MK_DIRECTORY_BACKUP: code("Run `maceken restore BACKUP DIR`, and the node on DIR."),
  MK_DIRECTORY_NOT_EMPTY: code("Name a directory that is empty, or that does not exist yet; nothing is ever overwritten."),
  MK_COPY_UNFINISHED: code("Make the backup or the restore again; this one is of no use."),
  MK_DIRECTORY_UNUSABLE: code("Make the directory readable and writable for this user, on a disk with free space."),
  MK_LOG_DAMAGED: code("Restore from a backup; starting would silently lose acknowledged turns.", false, false),
  MK_LOG_SYNC_FAILED: code("The disk failed to make the log durable; the node stopped. Check the disk, then start again.", true, false),
  MK_LOG_WRITE_FAILED: code("The disk refused to write the log; the node stopped. Check space and limits, then start again.", true, false),
  MK_LOG_READ_FAILED: code("The disk could not be read; check it, or restore from a backup.", true, false),

  // Command line
  MK_USAGE: code("See `maceken --help`."),
  MK_FILE_NOT_FOUND: code("Check the path."),
  MK_FILE_FAILED: code("Mend the error in the module."),
  MK_CODE_UNKNOWN: code("Codes begin with MK_ and are printed first on an error's line; `maceken explain` without a code lists them all."),
  MK_COMPILE_FAILED: code("Mend the syntax error."),
  MK_NODE_NOT_RUNNING: code("Start the node with `maceken run`, then try again.", true),
  MK_NODE_SILENT: code("The node's process is there and does not answer: `ps -o stat= -p PID` shows T when it is suspended, and `kill -CONT PID` wakes it.", true, false),
  MK_PATH_UNKNOWN: code("Give a path as service.field[\"key\"]; `maceken inspect DIR` lists the services."),
  MK_UNCAUGHT: code("Handle the error where it happens; the node's data are intact, start it again.", false, false),
} as const satisfies Record<`MK_${string}`, CodeEntry>;

export type ErrorCode = keyof typeof errorCodes;
