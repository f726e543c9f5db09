"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const timeline = byId("timeline"), stretch = byId("stretch"), position = byId("position");
  const cursor = byId("cursor"), ticks = byId("ticks"), readout = byId("readout");
  const end = Number(stretch.dataset.end), height = Number(stretch.getAttribute("height"));
  const marks = [...stretch.querySelectorAll("a.mark")]
    .sort((a, b) => a.dataset.number - b.dataset.number);
  const cards = marks.map((mark) => byId(`interval-${mark.dataset.number}`));
  const rows = marks.map((mark) => document.querySelector(`[data-row="${mark.dataset.number}"]`));
  const packed = JSON.parse(byId("frames").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const times = new Float32Array(bytes(packed.times).buffer); // and the end of the last frame
  const scores = bytes(packed.scores), fields = packed.fields;
  const nFrames = times.length - 1;
  const shortest = Math.min(end, (10 * end) / nFrames); // ten frames fill the timeline
  let start = 0, span = end; // what the timeline shows, in seconds
  let selected = -1; // place in marks

  document.documentElement.classList.add("js");

  // -- time ---------------------------------------------------------------------------------------

  function frameAt(time) {
    let low = 0, high = nFrames; // times[low] <= time < times[high]
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (times[middle] <= time) low = middle; else high = middle;
    }
    return low;
  }

  function clock(seconds, decimals) {
    const scale = 10 ** decimals, total = Math.round(seconds * scale);
    const two = (number) => String(number).padStart(2, "0");
    const whole = Math.floor(total / scale);
    const minutes = Math.floor(whole / 60) % 60, hours = Math.floor(whole / 3600);
    const text = (hours ? `${hours}:${two(minutes)}` : minutes) + `:${two(whole % 60)}`;
    return decimals ? `${text}.${String(total % scale).padStart(decimals, "0")}` : text;
  }

  // -- the stretch that is shown --------------------------------------------------------------------

  function show(newStart, newSpan) {
    span = Math.min(end, Math.max(shortest, newSpan));
    start = Math.min(end - span, Math.max(0, newStart));
    stretch.setAttribute("viewBox", `${start} 0 ${span} ${height}`);
    stretch.classList.toggle("far", span / timeline.clientWidth > 0.1); // no room for an apex
    position.closest("label").toggleAttribute("hidden", span >= end);
    position.value = span < end ? (1000 * start) / (end - span) : 0;
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.disabled = button.dataset.zoom === "0.5" ? span <= shortest : span >= end;
    }
    cursor.setAttribute("hidden", "");
    drawTicks();
    drawCurves();
  }

  function drawTicks() {
    const most = Math.max(2, Math.floor(timeline.clientWidth / 90));
    const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900,
      1800, 3600, 7200, 14400, 28800, 86400];
    const step = steps.find((distance) => distance * most >= span) || steps.at(-1);
    const top = Number(ticks.dataset.top);
    ticks.replaceChildren();
    for (let k = Math.ceil(start / step - 1e-9); k * step <= start + span + 1e-9; k++) {
      const place = (100 * (k * step - start)) / span;
      const anchor = place < 3 ? "start" : place > 95 ? "end" : "middle";
      add("line", { x1: `${place}%`, x2: `${place}%`, y1: top, y2: top + 5 });
      add("text", { x: `${place}%`, y: top + 19, "text-anchor": anchor })
        .textContent = clock(k * step, step < 1 ? 2 : 0);
    }
  }

  function add(kind, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return ticks.appendChild(element);
  }

  // At most two points a pixel, the least and the greatest score of the frames there.
  function drawCurves() {
    const first = frameAt(start), last = Math.min(nFrames - 1, frameAt(start + span) + 1);
    const perBin = Math.max(1, Math.ceil((last - first + 1) / timeline.clientWidth));
    for (const curve of stretch.querySelectorAll("[data-curve]")) {
      const field = fields.indexOf(curve.dataset.curve);
      const top = Number(curve.dataset.top), full = Number(curve.dataset.height);
      const points = [];
      for (let frame = first; frame <= last; frame += perBin) {
        let least = 255, greatest = 0;
        for (let i = frame; i < Math.min(frame + perBin, nFrames); i++) {
          const score = scores[i * fields.length + field];
          least = Math.min(least, score);
          greatest = Math.max(greatest, score);
        }
        for (const score of perBin > 1 ? [least, greatest] : [least]) {
          points.push(`${times[frame]},${top + full * (1 - score / 100)}`);
        }
      }
      curve.setAttribute("points", points.join(" "));
    }
  }

  // -- what is under the pointer --------------------------------------------------------------------

  function read(event) {
    const mark = event.target.closest(".mark");
    const box = timeline.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const frame = frameAt(start + share * span);
    cursor.setAttribute("x1", `${100 * share}%`);
    cursor.setAttribute("x2", `${100 * share}%`);
    cursor.removeAttribute("hidden");
    announce([describe(frame), mark?.getAttribute("aria-label")]);
  }

  function describe(frame) {
    const parts = [`Frame ${frame}, ${clock(times[frame], 2)} (${times[frame].toFixed(2)} s)`];
    for (const label of fields.includes("macro_apex") ? ["macro", "micro"] : []) {
      const values = ["onset", "apex", "offset", "expression"].map((kind) => {
        const score = scores[frame * fields.length + fields.indexOf(`${label}_${kind}`)];
        return `${kind} ${(score / 100).toFixed(2)}`;
      });
      parts.push(`${label}: ${values.join(", ")}`);
    }
    return parts.join(" · ");
  }

  function announce(parts) {
    readout.textContent = parts.filter(Boolean).join(" · ");
  }

  // -- the selected interval ------------------------------------------------------------------------

  function select(place) {
    if (!marks.length) return;
    selected = Math.min(marks.length - 1, Math.max(0, place));
    marks.forEach((mark, i) => {
      const chosen = i === selected;
      mark.setAttribute("aria-pressed", String(chosen));
      mark.setAttribute("tabindex", chosen ? "0" : "-1");
      cards[i].classList.toggle("selected", chosen);
      rows[i].classList.toggle("selected", chosen);
    });
    const bar = marks[selected].querySelector("rect");
    const from = Number(bar.getAttribute("x")), length = Number(bar.getAttribute("width"));
    if (from < start || from + length > start + span) show(from + length / 2 - span / 2, span);
    for (const button of document.querySelectorAll("[data-step]")) {
      const next = selected + Number(button.dataset.step);
      button.disabled = next < 0 || next >= marks.length;
    }
  }

  // With the keyboard the timeline stays where it is, and with it the focus.
  function step(place) {
    select(place);
    marks[selected].focus({ preventScroll: true });
    announceSelected();
  }

  function choose(place) {
    select(place);
    announceSelected();
    const card = cards[selected]; // of one that is higher than the window, the top is seen
    card.scrollIntoView({ block: card.offsetHeight > innerHeight ? "start" : "nearest" });
  }

  function announceSelected() {
    const mark = marks[selected];
    announce([mark.getAttribute("aria-label"), `Apex: ${describe(Number(mark.dataset.apex))}`]);
  }

  // A short interval in a long video is hard to hit: the nearest one within some pixels will do.
  function nearest(event) {
    const distance = (mark) => {
      const box = mark.querySelector("rect").getBoundingClientRect();
      return Math.hypot(
        Math.max(box.left - event.clientX, 0, event.clientX - box.right),
        Math.max(box.top - event.clientY, 0, event.clientY - box.bottom),
      );
    };
    const distances = marks.map(distance);
    const least = Math.min(...distances);
    return least <= 12 ? distances.indexOf(least) : -1;
  }

  const moves = {
    ArrowRight: () => selected + 1,
    ArrowDown: () => selected + 1,
    ArrowLeft: () => selected - 1,
    ArrowUp: () => selected - 1,
    Home: () => 0,
    End: () => marks.length - 1,
  };

  marks.forEach((mark) => mark.setAttribute("role", "button"));
  timeline.addEventListener("pointermove", read);
  timeline.addEventListener("pointerdown", read);
  timeline.addEventListener("pointerleave", () => cursor.setAttribute("hidden", ""));
  timeline.addEventListener("click", (event) => {
    event.preventDefault();
    const mark = event.target.closest("a.mark");
    const place = mark ? marks.indexOf(mark) : nearest(event);
    if (place < 0) return;
    marks[place].focus({ preventScroll: true });
    choose(place);
  });
  timeline.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key in moves) step(moves[event.key]());
    else if (event.key === "Enter" || event.key === " ") choose(marks.indexOf(event.target));
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#interval-"]:not(.mark)');
    const button = event.target.closest("button");
    if (link) {
      event.preventDefault();
      choose(Number(link.hash.slice("#interval-".length)) - 1);
    } else if (button?.dataset.step) {
      choose(selected + Number(button.dataset.step));
    } else if (button?.dataset.zoom === "all") {
      show(0, end);
    } else if (button?.dataset.zoom) {
      zoom(Number(button.dataset.zoom));
    }
  });

  // Around the selected interval if it is in view, else around the middle.
  function zoom(factor) {
    let middle = start + span / 2;
    if (selected >= 0) {
      const bar = marks[selected].querySelector("rect");
      const centre = Number(bar.getAttribute("x")) + Number(bar.getAttribute("width")) / 2;
      if (centre >= start && centre <= start + span) middle = centre;
    }
    show(middle - (span * factor) / 2, span * factor);
  }

  position.addEventListener("input", () => show((position.value / 1000) * (end - span), span));
  window.addEventListener("resize", () => show(start, span));
  window.addEventListener("beforeprint", () => {
    show(0, end);
    document.querySelectorAll("details").forEach((part) => part.setAttribute("open", ""));
  });
  show(0, end);
  select((Number(location.hash.replace("#interval-", "")) || 1) - 1);
})();
