export { Checklist } from "./checklist.js";
export { firewallCommands, runsOnThisMachine, type FirewallPorts, type RunsHere } from "./firewall.js";
