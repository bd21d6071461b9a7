export { MaceKenError } from "./base/error.ts";
export { Rejection, type Outcome } from "./base/rejection.ts";
