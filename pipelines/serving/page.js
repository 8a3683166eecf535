// Asks the server for the tags of what is typed, and shows them. Everything that comes from the
// model or the user becomes text, never markup.
(() => {
  const element = (id) => document.getElementById(id);
  const made = (name, className, text) => {
    const one = document.createElement(name);
    if (className) one.className = className;
    if (text !== undefined) one.textContent = text;
    return one;
  };
  const colours = JSON.parse(element("ask").dataset.colours);
  const NUMBER_OF_COLOURS = 12;
  const percent = (p) => (100 * p).toFixed(1) + " %";
  const MOST_ALTERNATIVES = 5;
  const SHARED = "How probable each sequence of tags is as a whole. Choose one to see it in the text.";
  let asking = null, waiting = null, spellsEntities = true;
  let text = "", found = null, chosen = []; // what is shown: of each sentence, which alternative

  function colourOf(type) {
    if (!(type in colours)) colours[type] = "t" + (Object.keys(colours).length % NUMBER_OF_COLOURS);
    return colours[type];
  }

  const address = () => new URL(element("model").value, location.href).href;
  const wantsOthers = () => element("others").open;
  const body = (others) => ({
    signature_name: "text",
    instances: [element("text").value],
    ...(others ? { alternatives: MOST_ALTERNATIVES } : {}),
  });

  function showRequests() {
    const json = JSON.stringify(body(wantsOthers()));
    const more = wantsOthers() ? ', "alternatives": ' + MOST_ALTERNATIVES : "";
    element("curl").textContent =
      "curl -d '" + json.replaceAll("'", "'\\''") + "' \\\n    " + address();
    element("python").textContent = [
      "import json, urllib.request",
      "",
      'body = {"signature_name": "text", "instances": [' + JSON.stringify(element("text").value) + "]" + more + "}",
      "request = urllib.request.Request(" + JSON.stringify(address()) + ", json.dumps(body).encode())",
      "with urllib.request.urlopen(request) as answer:",
      '    [found] = json.load(answer)["predictions"]',
      "for kind, start, end in zip(" + (spellsEntities
        ? 'found["entity_types"], found["entity_starts"], found["entity_ends"]'
        : 'found["tags"], found["starts"], found["ends"]') + "):",
      '    print(kind, body["instances"][0][start:end])',
    ].join("\n");
  }

  async function ask(others = wantsOthers()) {
    clearTimeout(waiting);
    showRequests();
    if (asking) asking.abort();
    const mine = asking = new AbortController();
    const asked = element("text").value;
    element("state").textContent = "…";
    const began = performance.now();
    try {
      const answer = await fetch(element("model").value, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body(others)),
        signal: mine.signal,
      });
      const told = await answer.json();
      if (mine !== asking) return;
      if (answer.status === 400 && others) { // the text may have tags, at least
        await ask(false);
        element("others-state").textContent = told.error;
        return;
      }
      if (!answer.ok) {
        element("state").textContent = told.error;
        if (answer.status === 429 || answer.status === 503) {
          waiting = setTimeout(() => ask(others), 1000 * Number(answer.headers.get("Retry-After") || 1));
        }
        return;
      }
      [found] = told.predictions;
      [text, chosen] = [asked, (found.alternatives || []).map(() => 0)];
      spellsEntities = "entities" in found;
      show();
      showChoices();
      showRequests();
      element("state").textContent = Math.round(performance.now() - began) + " ms";
    } catch (error) {
      if (mine === asking) element("state").textContent = "the server does not answer";
    }
  }

  // The words of each sentence, with their places in code points, as the model counts; a word has
  // a probability for the tag that is the most probable one only.
  function sentencesOf() {
    const sentences = [];
    for (let n = 0; n < found.lengths; n++) {
      if (n === 0 || found.sentences[n] !== found.sentences[n - 1]) sentences.push([]);
      sentences.at(-1).push({
        text: found.tokens[n], tag: found.tags[n], score: found.scores[n],
        start: found.starts[n], end: found.ends[n],
      });
    }
    return sentences;
  }

  function withTags(words, tags) {
    return words.map((word, n) => (word.tag === tags[n] ? word : { ...word, tag: tags[n], score: null }));
  }

  // What is marked: `outputs` are those of the text, or of an alternative for a sentence of it.
  function marksOf(outputs, words, probability) {
    if (!spellsEntities) {
      return words.map((word) => ({ type: word.tag, start: word.start, end: word.end, words: [word], probability }));
    }
    const count = outputs.entities ?? outputs.entity_types.length;
    return Array.from({ length: count }, (_, n) => {
      const start = outputs.entity_starts[n], end = outputs.entity_ends[n];
      return {
        type: outputs.entity_types[n] || "entity", start, end, probability,
        words: words.filter((word) => word.start >= start && word.end <= end),
      };
    });
  }

  function show() {
    const points = Array.from(text);
    let sentences = sentencesOf(), marks;
    if (chosen.length) {
      const others = chosen.map((which, s) => found.alternatives[s][which]);
      sentences = sentences.map((words, s) => withTags(words, others[s].tags));
      marks = sentences.flatMap((words, s) => marksOf(others[s], words, chosen[s] ? others[s].probability : null));
    } else {
      marks = marksOf(found, sentences.flat(), null);
    }
    const words = sentences.flat();
    const piece = (start, end) => points.slice(start, end).join("");
    const tagged = element("tagged");
    tagged.replaceChildren();
    let reached = 0;
    for (const mark of marks) {
      tagged.append(piece(reached, mark.start), marked(mark, piece(mark.start, mark.end)));
      reached = mark.end;
    }
    tagged.append(piece(reached));
    const types = [...new Set(marks.map((mark) => mark.type))].sort();
    element("legend").replaceChildren(...types.map((type) => {
      const item = made("li");
      item.append(made("mark", colourOf(type), type), " " + marks.filter((m) => m.type === type).length);
      return item;
    }));
    element("words").replaceChildren(...words.map(row));
    element("result").hidden = false;
    element("detail").textContent = marks.length
      ? "Point at a mark, or move to it with Tab, to see its probabilities."
      : "Nothing is marked in this text.";
  }

  function told(mark) {
    const words = mark.words.map((w) => w.text + " " + w.tag + (w.score === null ? "" : " " + percent(w.score)));
    if (mark.probability !== null) {
      return mark.type + ": in a sequence of tags of " + percent(mark.probability) + ". " + words.join(", ");
    }
    const least = Math.min(...mark.words.map((word) => word.score));
    return mark.type + ": at most " + percent(least) + ". " + words.join(", ");
  }

  function marked(mark, text) {
    const one = labelled(mark, text), whole = told(mark);
    one.tabIndex = 0;
    one.title = whole;
    for (const event of ["focus", "mouseenter", "click"]) {
      one.addEventListener(event, () => { element("detail").textContent = whole; });
    }
    return one;
  }

  function labelled(mark, text) {
    const one = made("mark", colourOf(mark.type), text);
    const label = made("b", "", mark.type);
    label.dir = "ltr";
    one.append(" ", label);
    return one;
  }

  function row(word) {
    const one = made("tr"), name = made("th", "", word.text);
    name.scope = "row";
    name.dir = "auto";
    const shares = word.score === null ? ["", ""] : [percent(word.score), percent(Math.max(0, 1 - word.score))];
    one.append(name, made("td", "text", word.tag), ...shares.map((share) => made("td", "", share)));
    return one;
  }

  // The alternatives of each sentence, of which one is chosen: by the mouse, or by the arrow keys.
  function showChoices() {
    element("others-state").textContent = chosen.length ? SHARED : "";
    const points = Array.from(text);
    element("choices").replaceChildren(...sentencesOf().slice(0, chosen.length).map((words, s) => {
      const group = made("fieldset"), others = found.alternatives[s];
      const legend = made("legend", "", points.slice(words[0].start, words.at(-1).end).join(""));
      legend.dir = "auto";
      group.append(legend, ...others.map((other, which) => choice(points, words, other, s, which)));
      return group;
    }));
  }

  function choice(points, words, other, s, which) {
    const one = made("label"), button = made("input"), shown = made("span");
    Object.assign(button, { type: "radio", name: "sentence-" + s, checked: which === chosen[s] });
    button.addEventListener("change", () => { chosen[s] = which; show(); });
    const best = found.alternatives[s][0].tags; // without entities, only what is other than there
    const marks = marksOf(other, withTags(words, other.tags), null)
      .filter((mark, n) => spellsEntities || which === 0 || other.tags[n] !== best[n]);
    shown.dir = "auto";
    for (const mark of marks) shown.append(labelled(mark, points.slice(mark.start, mark.end).join("")), " ");
    if (!marks.length) shown.append(made("span", "faint", "nothing is marked"));
    one.append(button, made("span", "share", percent(other.probability)), shown);
    return one;
  }

  element("ask").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  element("model").addEventListener("change", () => ask());
  element("others").addEventListener("toggle", () => ask());
  element("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); ask(); }
  });
  element("text").addEventListener("input", () => {
    showRequests();
    clearTimeout(waiting);
    if (element("live").checked) waiting = setTimeout(() => ask(), 250);
  });
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(element(button.dataset.copies).textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
  if (element("model").value) ask();
})();
