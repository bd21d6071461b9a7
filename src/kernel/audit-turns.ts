/**
 * When the heap is looked at for writes that the barrier could not see (heap/heap-audit.ts): between steps, slice by slice, where a
 * finding is noted; or all of it after each turn, where a finding ends the node.
 */
import type { Kernel } from "./kernel.ts";

/** Looks at `maxObjects` objects. Answers false when a walk is done, or none is wanted. */
export function auditSlice(kernel: Kernel, maxObjects: number): boolean {
  const { heap, heap: { audit }, options, counters } = kernel;
  if (audit === undefined || options.audit !== "rolling") return false;
  audit.slice(maxObjects);
  for (const write of audit.takeFound()) {
    const { code, message, remedy, details } = heap.report(write);
    counters.untrackedWrites++;
    kernel.note({ level: "error", code, message, fields: { remedy, ...(details as object) } });
  }
  return !audit.isDone;
}

export function auditWhole({ heap, heap: { audit }, options }: Kernel): void {
  if (options.audit !== "full") return;
  audit!.everything();
  for (const write of audit!.takeFound()) throw heap.report(write);
}
