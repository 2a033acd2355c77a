/** The camera: its frames, and the reason where it cannot be had. */
import type { Pixels } from '#src/web/engine_messages';
import { byId } from './elements.js';
import type { TextKey } from './language.js';

/** Longest side of a frame that is worth having: the model sees less. */
const MOST = 960;

/** What to say of the errors of browsers, by their names. */
const REASONS: Readonly<Record<string, TextKey>> = {
  NotAllowedError: 'cameraRefused',
  SecurityError: 'cameraRefused',
  NotFoundError: 'cameraNone',
  OverconstrainedError: 'cameraNone',
  NotReadableError: 'cameraBusy',
  AbortError: 'cameraBusy',
};

/** Why there is no camera. */
export class CameraError extends Error {
  readonly reason: TextKey;

  constructor(reason: TextKey) {
    super(reason);
    this.reason = reason;
  }
}

export class Camera {
  readonly #video = byId('camera-video', HTMLVideoElement);
  readonly #canvas = document.createElement('canvas');
  readonly #stream: MediaStream;

  private constructor(stream: MediaStream) {
    this.#stream = stream;
  }

  /**
   * Opens a camera.
   * @param id of the one the user chose; by default the one that looks away from the user
   * @param ended called when it is disconnected
   * @throws CameraError (as a rejection)
   */
  static async open(id: string, ended: () => void): Promise<Camera> {
    // Pages over http have none of this.
    if (!navigator.mediaDevices) throw new CameraError('cameraInsecure');
    let stream: MediaStream | undefined;
    const which = id === '' ? { facingMode: 'environment' } : { deviceId: { exact: id } };
    try {
      const video = { ...which, width: { ideal: 640 }, height: { ideal: 480 } };
      stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      const camera = new Camera(stream);
      camera.#stream.getVideoTracks()[0]?.addEventListener('ended', ended);
      camera.#video.srcObject = camera.#stream;
      camera.#video.classList.add('on');
      await camera.#video.play();
      return camera;
    } catch (error) {
      for (const track of stream?.getTracks() ?? []) track.stop();
      throw new CameraError(REASONS[(error as Error).name] ?? 'cameraBusy');
    }
  }

  /** The cameras there are; they have names once the user has allowed one. */
  static async list(): Promise<readonly MediaDeviceInfo[]> {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return all.filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '');
  }

  /** The frame of this moment, as RGBA. */
  frame(): Pixels {
    const { videoWidth, videoHeight } = this.#video;
    const fit = Math.min(1, MOST / Math.max(videoWidth, videoHeight, 1));
    const [width, height] = [videoWidth, videoHeight].map((side) => Math.max(1, Math.round(side * fit))) as [
      number,
      number,
    ];
    Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext('2d', { willReadFrequently: true })!;
    context.drawImage(this.#video, 0, 0, width, height);
    return { width, height, data: context.getImageData(0, 0, width, height).data };
  }

  close(): void {
    for (const track of this.#stream.getTracks()) track.stop();
    this.#video.srcObject = null;
    this.#video.classList.remove('on');
  }
}
