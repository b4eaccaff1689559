// Cuts the microphone's samples into int16 packets of 80 ms, off the page's main thread.

// A hop of spoken digits: smaller packets would cost the server more and be no sooner of use.
const PACKET_S = 0.08;

class PacketProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.packet = new Int16Array(Math.round(sampleRate * PACKET_S));
    this.filled = 0;
    this.peak = 0;
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const channel = inputs[0][0];
    if (!channel) return true;
    for (const sample of channel) {
      const bounded = Math.max(-1, Math.min(1, sample));
      this.peak = Math.max(this.peak, Math.abs(bounded));
      this.packet[this.filled++] = Math.round(bounded * 32767);
      if (this.filled === this.packet.length) {
        const packet = this.packet.slice();
        this.port.postMessage({ packet: packet.buffer, peak: this.peak }, [packet.buffer]);
        this.filled = 0;
        this.peak = 0;
      }
    }
    return true;
  }
}

registerProcessor("cla-packets", PacketProcessor);
