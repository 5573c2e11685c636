package main

// What the manifest of an image and the agent's hello both say.
const agentVersion = "0.1.0"
const protocolMin = 1
const protocolMax = 2
