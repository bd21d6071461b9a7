/**
 * The public interface of maceken. Everything a program needs to declare services, name each other's, and run a node.
 */
export { MaceKenError } from "./base/error.ts";
export { Rejection, type Outcome } from "./base/rejection.ts";
export type { Address } from "./base/address.ts";
export { Service } from "./service/service.ts";
export { ref, peer } from "./service/ref.ts";
export { app, type App, type AppOptions } from "./service/app.ts";
export { watch, type Watch } from "./service/aspect.ts";
export { volatile } from "./heap/volatile.ts";
export type { Answer, ArgsOf, Client, Deferred, Messages, MethodName, Ref, Reply, ReplyTo, Serves } from "./service/messages.ts";
export type { EffectContext, Outside, Sender, Timer, Turn, TurnLog } from "./service/turn-context.ts";
export { startNode, type MaceNode, type NodeOptions } from "./node/node.ts";
export { client } from "./node/client.ts";
