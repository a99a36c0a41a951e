// What went wrong, as a sentence, and when to try again.

const $ = (id) => document.getElementById(id);

export class ErrorPanel {
  constructor() {
    this.timer = null;
    this.again = null;
    $("dismiss").addEventListener("click", () => {
      this.clear();
      $("instruction").focus();
    });
    $("retry").addEventListener("click", () => {
      if ($("retry").getAttribute("aria-disabled") === "true") return;
      const again = this.again;
      this.clear();
      again?.();
    });
  }

  clear() {
    clearInterval(this.timer);
    $("error").hidden = true;
    $("error-text").textContent = "";
  }

  /// `again` is what the button does.
  show(error, again) {
    this.clear();
    this.again = again;
    const wait = error.retryAfter;
    $("error").hidden = false;
    // Said once; the seconds that follow are for the eyes.
    $("error-text").textContent = wait ? `${error.message} Try again in ${wait} ${wait === 1 ? "second" : "seconds"}.` : error.message;
    $("error-detail").textContent = error.detail ?? "";
    $("retry").hidden = !again;
    this.count(wait ?? 0);
    $("error").scrollIntoView({ block: "nearest" });
  }

  count(seconds) {
    const end = Date.now() + 1000 * seconds;
    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      $("retry").setAttribute("aria-disabled", left > 0 ? "true" : "false");
      $("countdown").textContent = left > 0 ? `in ${left} s` : "";
      if (left <= 0) clearInterval(this.timer);
    };
    this.timer = setInterval(tick, 250);
    tick();
  }
}
