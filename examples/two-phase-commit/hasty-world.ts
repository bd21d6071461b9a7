/** The world of world.ts with the mistake that is made: the first vote decides. */
import { commitWorld, HastyCoordinator } from "./world.ts";

export default commitWorld(3, HastyCoordinator);
