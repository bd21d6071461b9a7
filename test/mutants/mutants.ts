/**
 * Faults seeded in MaceKen itself, as edits of the built code: each breaks one promise, and must be found (docs/internals/kernel-checking.md).
 * `find` must be in the file exactly once, so that a mutant that has gone stale says so.
 */
export interface Mutant {
  readonly name: string;
  /** Below dist. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What a program would see. */
  readonly why: string;
  readonly invariant: string;
}

const protocol: readonly Mutant[] = [
  {
    name: "ack-at-execution", file: "protocol/session.js", invariant: "K5",
    find: "output.uint(channel.consumed);", replace: "output.uint(channel.executed);",
    why: "an acknowledgement speaks for turns that a crash can still take: the message is forgotten by both sides",
  },
  {
    name: "greeting-acks-received", file: "kernel/peers.js", invariant: "K6",
    find: "Math.min(hello.consumed, channel.released)", replace: "Math.min(hello.received, channel.released)",
    why: "the outbox is collected for what the peer has received and not durably consumed",
  },
  {
    name: "message-one-turn-early", file: "protocol/outbox.js", invariant: "K2",
    find: "if (next.turn > turn)", replace: "if (next.turn > turn + 1)",
    why: "a message leaves before the turn that sent it is durable",
  },
  {
    name: "duplicate-accepted", file: "protocol/channel.js", invariant: "K3",
    find: 'if (number <= this.received)\n            return "duplicate";\n        if (number !== this.received + 1)', replace: 'if (number < this.received)\n            return "duplicate";\n        if (number > this.received + 1)',
    why: "the last message that came is consumed once more when it comes again",
  },
  {
    name: "gap-accepted", file: "protocol/channel.js", invariant: "K4",
    find: "if (number !== this.received + 1)", replace: "if (false)",
    why: "a message that the transport lost is never missed",
  },
  {
    name: "acks-beyond-released", file: "protocol/outbox.js", invariant: "K6",
    find: "if (number > this.released)\n            return false;", replace: "number = Math.min(number, this.sent);",
    why: "an acknowledgement of what was never sent is believed, and takes what waits",
  },
  {
    name: "resends-from-what-it-wrote", file: "protocol/session.js", invariant: "K6",
    find: "this.#cursor = Math.max(peer.received, channel.acknowledged) + 1;", replace: "this.#cursor = Math.max(peer.received, channel.acknowledged, channel.transmitted) + 1;",
    why: "after a broken connection what was written to it is not sent again",
  },
  {
    name: "block-collected-half-acked", file: "protocol/outbox.js", invariant: "K6",
    find: "if (this.acknowledged === oldest.last)", replace: "if (this.acknowledged >= oldest.first && (this.acknowledged = oldest.last) > 0)",
    why: "a block of messages goes when its first message is acknowledged",
  },
  {
    name: "block-forgets-unwritten", file: "protocol/outbox.js", invariant: "K6",
    find: "if (!isKept || this.acknowledged >= writing.last)\n            return false;", replace: "if (this.acknowledged >= writing.last)\n            return false;",
    why: "messages leave memory although their block could not be written",
  },
  {
    name: "closed-session-drops-memory", file: "kernel/peers.js", invariant: "K6",
    find: "session.channel.outbox.unload();", replace: "session.channel.outbox.unload();\n        session.channel.outbox.acknowledge(session.channel.released);",
    why: "the end of a connection takes the outbox with it",
  },
  {
    name: "meeting-not-durable", file: "kernel/introductions.js", invariant: "K3",
    find: "return channel.metTurn <= durable;", replace: "return true;",
    why: "two nodes talk before the meeting is durable: after a crash one does not know the other any more",
  },
  {
    name: "gate-one-turn-early", file: "protocol/gate.js", invariant: "K2",
    find: "next.turn <= turn", replace: "next.turn <= turn + 1",
    why: "answers and effects leave before their turn is durable",
  },
  {
    name: "old-life-accepted", file: "protocol/handshake.js", invariant: "K3",
    find: "if (ended.includes(incarnation))", replace: "if (false)",
    why: "a peer comes back with data from before its new life, and messages are numbered twice",
  },
  {
    name: "old-numbers-accepted", file: "protocol/handshake.js", invariant: "K3",
    find: "checkNumbers(hello, channel);", replace: "",
    why: "a peer on older data goes on, and its new messages are taken for ones that were consumed",
  },
];

const kernel: readonly Mutant[] = [
  {
    name: "consumed-not-recorded", file: "kernel/turn-recorder.js", invariant: "K3",
    find: "consumed: consumed === undefined ? undefined : channels.indexOf(consumed),", replace: "consumed: undefined,",
    why: "after a crash the message is consumed once more",
  },
  {
    name: "number-given-again", file: "kernel/recovery.js", invariant: "K3",
    find: "if (head.lastId !== undefined)\n                kernel.lastId = head.lastId;", replace: "",
    why: "calls and timers after a restart get the numbers of earlier ones",
  },
  {
    name: "reply-at-execution", file: "kernel/kernel.js", invariant: "K2",
    find: "this.#gate.hold(this.executed, output);", replace: 'if (output.kind === "answer")\n            return void this.#effects.push(output);\n        this.#gate.hold(this.executed, output);',
    why: "a client is answered by a turn that a crash can still take",
  },
  {
    name: "effect-not-run-again", file: "kernel/kernel.js", invariant: "K10",
    find: "for (const key of this.state.effects.keys())\n            this.#runEffect(key);", replace: "",
    why: "an effect that was under way at a crash is never run",
  },
  {
    name: "effect-key-of-last-durable", file: "turn/running-turn.js", invariant: "K10",
    find: "`${this.state.incarnation}.${this.turnNumber}.${++this.#effectIndex}`", replace: "`${this.state.incarnation}.${this.turnNumber >>> 2}.${++this.#effectIndex}`",
    why: "effects of different turns share a key",
  },
  {
    name: "own-messages-backwards", file: "kernel/turn-queue.js", invariant: "K4",
    find: "for (const id of [...state.local.keys()].sort((a, b) => a - b))", replace: "for (const id of [...state.local.keys()].sort((a, b) => b - a))",
    why: "after a restart messages to itself run in the wrong order",
  },
  {
    name: "deferred-newest-first", file: "kernel/deferred-requests.js", invariant: "K4",
    find: "id < oldest", replace: "id > oldest",
    why: "of deferred messages the newest runs first",
  },
  {
    name: "guard-wake-lost", file: "kernel/turn-queue.js", invariant: "liveness",
    find: "if (wrote && this.#deferred.length > 0)", replace: "if (false)",
    why: "a deferred message waits for ever, its guard open",
  },
  {
    name: "deferred-not-restored", file: "kernel/turn-queue.js", invariant: "K6",
    find: "this.#deferred.restore(state);", replace: "",
    why: "deferred messages are in the heap after a restart, and never run",
  },
  {
    name: "deferred-not-woken-at-start", file: "kernel/turn-queue.js", invariant: "liveness",
    find: "for (const lane of [this.#local, this.#timerLane, this.#deferredLane])", replace: "for (const lane of [this.#local, this.#timerLane])",
    why: "what could run at the crash waits for another turn to write something",
  },
  {
    name: "timer-not-restored", file: "kernel/turn-queue.js", invariant: "K9",
    find: "for (const timer of state.timers.values())\n            this.#timers.add(timer.dueAt, timer.id);", replace: "",
    why: "timers do not outlive the process",
  },
  {
    name: "clock-goes-back", file: "kernel/kernel-clock.js", invariant: "K9",
    find: "this.#base = recorded.now + Math.max(0, stoppedMs);", replace: "this.#base = recorded.now + stoppedMs;",
    why: "node time goes back when the wall clock does",
  },
  {
    name: "joined-request-forgotten", file: "kernel/external.js", invariant: "K10",
    find: "return [answer.request, ...waiters];", replace: "return [answer.request];",
    why: "who asked with the same key meanwhile is never answered",
  },
  {
    name: "session-forgets-too-much", file: "kernel/external.js", invariant: "K10",
    find: "number <= acknowledged; number++", replace: "number <= acknowledged + 1; number++",
    why: "an answer goes that the client has not acknowledged: asked again, it is done again",
  },
  {
    name: "live-keys-expire", file: "kernel/external.js", invariant: "K10",
    find: "entry.at + keepMs > now", replace: "entry.at > now",
    why: "housekeeping takes keys that are still to be kept: asked again, it is done again",
  },
  {
    name: "snapshot-channel-twice", file: "kernel/recovery.js", invariant: "K3",
    find: "(this.#channelTurns.get(channel) ?? 0) < turn", replace: "(this.#channelTurns.get(channel) ?? 0) <= turn",
    why: "a record is applied to a channel that shows it already",
  },
  {
    name: "snapshot-of-executed", file: "kernel/recovery.js", invariant: "K1",
    find: "this.lastTurn = this.#kernel.executed;", replace: "",
    why: "a snapshot is installed that shows turns which are not durable",
  },
  {
    name: "restarts-without-last-sends", file: "protocol/outbox.js", invariant: "K6",
    find: "for (const payload of payloads)\n            this.restoreSent(payload);", replace: "for (const payload of payloads.slice(0, 3))\n            this.restoreSent(payload);",
    why: "an outbox of more than three messages is not whole in a snapshot",
  },
  {
    name: "lost-channel-without-letters", file: "kernel/channel-restarts.js", invariant: "K6",
    find: "executor.loseMessages(peer, taken);", replace: "",
    why: "what waited for a peer that is gone leaves nothing behind",
  },
  {
    name: "lost-peer-not-told", file: "kernel/channel-restarts.js", invariant: "K3",
    find: "executor.losePeer(peer);", replace: "",
    why: "who waits for a peer that is gone waits for ever",
  },
];

const turns: readonly Mutant[] = [
  {
    name: "period-not-recorded", file: "turn/executor.js", invariant: "K9",
    find: "touch(timer).dueAt = timer.dueAt", replace: "timer.dueAt = timer.dueAt",
    why: "after a crash a timer with a period fires for a time for which it has fired",
  },
  {
    name: "timer-stays", file: "turn/executor.js", invariant: "K9",
    find: "if (timer.periodMs === 0) {\n        turn.state.timers.delete(id);\n        return;\n    }", replace: "if (timer.periodMs === 0)\n        return;",
    why: "a timer that has fired fires again after a restart",
  },
  {
    name: "cancelled-timer-fires", file: "turn/running-turn.js", invariant: "K9",
    find: "turn.state.timers.delete(timer.id);", replace: "",
    why: "a cancelled timer fires",
  },
  {
    name: "key-not-bound", file: "turn/running-turn.js", invariant: "K10",
    find: "touch(entry).outcome = outcome;", replace: "entry.outcome = outcome;",
    why: "after a crash a key has no answer",
  },
  {
    name: "key-not-taken", file: "turn/executor.js", invariant: "K10",
    find: "turn.takeKey(origin.key, input.fingerprint ?? \"\");", replace: "",
    why: "the same key is done twice",
  },
  {
    name: "letter-lost", file: "turn/executor.js", invariant: "K6",
    find: "if (letter !== undefined)\n                this.state.dead.set(", replace: "if (letter === null)\n                this.state.dead.set(",
    why: "a message that fails for good leaves no dead letter",
  },
  {
    name: "letter-twice", file: "turn/executor.js", invariant: "K3",
    find: "if (letter !== undefined)\n                this.state.dead.set(", replace: "if (letter !== undefined)\n                this.state.dead.set(turn.nextId(), new DeadLetter(turn.now, kept, letter.error, letter.attempts));\n            if (letter !== undefined)\n                this.state.dead.set(",
    why: "a message that fails for good leaves two dead letters",
  },
  {
    name: "aspects-not-undone", file: "turn/executor.js", invariant: "K1",
    find: "catch (error) {\n            this.#heap.undo();\n            this.#aspects.undone();\n            return { kind: \"failed\"", replace: "catch (error) {\n            this.#heap.undo();\n            return { kind: \"failed\"",
    why: "what an aspect saw in a turn that was undone is taken for seen",
  },
  {
    name: "refusal-keeps-outputs", file: "turn/executor.js", invariant: "K1",
    find: "if (failure !== undefined)\n                return this.#refused(turn, input, failure, writer, clock, options);", replace: "if (failure !== undefined && turn.effects.length > 99)\n                return this.#refused(turn, input, failure, writer, clock, options);\n            if (failure !== undefined)\n                turn.answer(turn.origin, { ok: false, error: failure }, \"\");",
    why: "a rejection does not undo what its handler did",
  },
  {
    name: "undo-forgets-order", file: "heap/keyed-changes.js", invariant: "K1",
    find: "if (this.#deleted > 0)\n            this.#putInOrder(", replace: "if (this.#deleted > 99)\n            this.#putInOrder(",
    why: "undoing a delete leaves the key at the end of the Map",
  },
  {
    name: "undo-forgets-length", file: "heap/array-changes.js", invariant: "K1",
    find: "        array.length = this.length;\n    }\n}", replace: "    }\n}",
    why: "undoing a push leaves the element",
  },
  {
    name: "undo-forgets-privates", file: "heap/own-before.js", invariant: "K1",
    find: "if (this.privates.length > 0)", replace: "if (this.privates.length > 99)",
    why: "undoing a turn leaves what it wrote to private fields",
  },
];

const log: readonly Mutant[] = [
  {
    name: "snapshot-skips-moved", file: "heap/heap-snapshot.js", invariant: "K1",
    find: "if (id >= this.#firstNewId || !this.#seen.add(id))", replace: "if (id >= this.#firstNewId || this.#begun || !this.#seen.add(id))",
    why: "what a snapshot comes to only by reference is not in it",
  },
  {
    name: "old-patch-on-new-image", file: "heap/heap-loader.js", invariant: "K1",
    find: "const news = this.#loaded.imageTurns[index] < turn;", replace: "const news = true;",
    why: "a patch is applied to an image that is newer than it",
  },
  {
    name: "recovery-trusts-the-cache", file: "log/fresh-segment.js", invariant: "K8",
    find: "if (tail !== undefined && chain.lastGroup > chain.durableGroup) {", replace: "if (tail === null) {",
    why: "the last group is released although only the page cache may hold it",
  },
  {
    name: "recovery-cuts-durable", file: "log/chain.js", invariant: "K1",
    find: "if (this.durableGroup <= this.lastGroup)", replace: "if (this.lastGroup >= 0)",
    why: "damage to durable turns is taken for a torn tail, and cut",
  },
  {
    name: "torn-group-accepted", file: "log/segment-walk.js", invariant: "K1",
    find: "this.#disk.crc32(bytes, this.#salt, start, end) === payloadCrc", replace: "bytes.length >= end",
    why: "half of a group is taken for the whole",
  },
  {
    name: "sync-error-ignored", file: "log/turn-log.js", invariant: "K1",
    find: "if (error !== null)\n                this.#fail(error);\n            else if (this.#failure === null) {\n                this.#synced(flight);", replace: "if (this.#failure === null) {\n                this.#synced(flight);",
    why: "what a failed sync has not written counts as durable",
  },
  {
    name: "durable-before-sync", file: "log/turn-log.js", invariant: "K1",
    find: "this.#syncInBackground(flight);\n                return;", replace: "this.#synced(flight);\n                return;",
    why: "what is written counts as durable",
  },
  {
    name: "rename-not-synced", file: "log/snapshot-writer.js", invariant: "K1",
    find: "this.#work.syncDirectory(this.#options.directory, (error) => {", replace: "((_, done) => done(null))(this.#options.directory, (error) => {",
    why: "the log is freed for a snapshot whose name a crash can take",
  },
  {
    name: "snapshot-before-its-groups", file: "log/snapshot-writer.js", invariant: "K1",
    find: "if (group < this.#needed)\n            return;", replace: "",
    why: "a snapshot that shows turns which are not durable gets its name",
  },
  {
    name: "segment-freed-early", file: "log/segments.js", invariant: "K1",
    find: "if (segment.lastGroup >= group)", replace: "if (segment.lastGroup >= group + 2)",
    why: "a segment is freed that holds groups which the snapshot does not replace",
  },
  {
    name: "segment-name-not-synced", file: "log/segment-reserve.js", invariant: "K1",
    find: "if (!next.nameDurable) {\n            this.#disk.syncDirectoryNow(this.#directory);", replace: "if (!next.nameDurable) {",
    why: "groups are durable in a file whose name is not",
  },
  {
    name: "block-removed-while-named", file: "log/outbox-blocks.js", invariant: "K6",
    find: "if (!this.#snapshotUnderWay && !this.#named.has(block))", replace: "if (!this.#snapshotUnderWay)",
    why: "a block goes that the last snapshot names",
  },
  {
    name: "block-not-durable", file: "log/outbox-blocks.js", invariant: "K6",
    find: "if (this.#kept.get(block)?.isDurable === false)", replace: "if (false)",
    why: "a snapshot names blocks that are not durable",
  },
  {
    name: "claims-too-much-durable", file: "log/group-writer.js", invariant: "K8",
    find: "lastTurn: pending.lastTurn,\n            durableGroup,", replace: "lastTurn: pending.lastTurn,\n            durableGroup: group,",
    why: "a torn last group is taken for damage, and the node does not start",
  },
  {
    name: "epoch-stays", file: "log/fresh-segment.js", invariant: "K8",
    find: "const use = Math.max(0, segments.at(-1)?.number ?? 0, files.free.at(-1)?.number ?? 0) + 1;", replace: "const use = Math.max(1, segments.at(-1)?.number ?? 0, files.free.at(-1)?.number ?? 0);",
    why: "a segment number is given twice, and a torn life's groups are read as this one's",
  },
];

export const mutants: readonly Mutant[] = [...protocol, ...kernel, ...turns, ...log];
