/** Mouse and fingers on the picture, and hiding the controls while nobody needs them. */

/** Milliseconds. */
const hideAfter = 2600;
const doubleTap = 280;

/**
 * @typedef {object} Reactions
 * @property {() => void} toggle
 * @property {() => void} fullScreen
 * @property {(seconds: number) => void} seekBy
 * @property {() => boolean} mayHide
 */

export class Gestures {
  #timer = 0;
  #lastTap = 0;

  /**
   * @param {HTMLElement} stage
   * @param {HTMLElement} picture
   * @param {Reactions} reactions
   */
  constructor(stage, picture, reactions) {
    this.stage = stage;
    this.reactions = reactions;
    stage.addEventListener('pointermove', (event) => event.pointerType === 'mouse' && this.awake());
    stage.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && this.#sleep());
    stage.addEventListener('focusin', () => this.awake());
    stage.addEventListener('keydown', () => this.awake());
    picture.addEventListener('pointerup', (event) => this.#press(event));
    picture.addEventListener('dblclick', () => this.#lastTap === 0 && reactions.fullScreen());
  }

  awake() {
    clearTimeout(this.#timer);
    this.stage.classList.remove('idle');
    this.#timer = setTimeout(() => this.#sleep(), hideAfter);
  }

  #sleep() {
    clearTimeout(this.#timer);
    if (this.reactions.mayHide()) this.stage.classList.add('idle');
    else this.#timer = setTimeout(() => this.#sleep(), hideAfter);
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button !== 0) return;
    if (event.pointerType === 'mouse') {
      this.#lastTap = 0;
      this.reactions.toggle();
      return;
    }
    const again = event.timeStamp - this.#lastTap < doubleTap;
    this.#lastTap = event.timeStamp;
    const box = this.stage.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    if (again && share < 0.35) this.reactions.seekBy(-10);
    else if (again && share > 0.65) this.reactions.seekBy(10);
    else if (this.stage.classList.contains('idle')) this.awake();
    else this.#sleep();
  }
}
