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
  let asking = null, waiting = null, spellsEntities = true;

  function colourOf(type) {
    if (!(type in colours)) colours[type] = "t" + (Object.keys(colours).length % NUMBER_OF_COLOURS);
    return colours[type];
  }

  const address = () => new URL(element("model").value, location.href).href;
  const body = () => ({ signature_name: "text", instances: [element("text").value] });

  function showRequests() {
    const json = JSON.stringify(body());
    element("curl").textContent =
      "curl -d '" + json.replaceAll("'", "'\\''") + "' \\\n    " + address();
    element("python").textContent = [
      "import json, urllib.request",
      "",
      'body = {"signature_name": "text", "instances": [' + JSON.stringify(element("text").value) + "]}",
      "request = urllib.request.Request(" + JSON.stringify(address()) + ", json.dumps(body).encode())",
      "with urllib.request.urlopen(request) as answer:",
      '    [found] = json.load(answer)["predictions"]',
      "for kind, start, end in zip(" + (spellsEntities
        ? 'found["entity_types"], found["entity_starts"], found["entity_ends"]'
        : 'found["tags"], found["starts"], found["ends"]') + "):",
      '    print(kind, body["instances"][0][start:end])',
    ].join("\n");
  }

  async function ask() {
    clearTimeout(waiting);
    showRequests();
    if (asking) asking.abort();
    const mine = asking = new AbortController();
    const text = element("text").value;
    element("state").textContent = "…";
    const began = performance.now();
    try {
      const answer = await fetch(element("model").value, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body()),
        signal: mine.signal,
      });
      const found = await answer.json();
      if (mine !== asking) return;
      if (!answer.ok) {
        element("state").textContent = found.error;
        if (answer.status === 429 || answer.status === 503) {
          waiting = setTimeout(ask, 1000 * Number(answer.headers.get("Retry-After") || 1));
        }
        return;
      }
      spellsEntities = "entities" in found.predictions[0];
      show(text, found.predictions[0]);
      showRequests();
      element("state").textContent = Math.round(performance.now() - began) + " ms";
    } catch (error) {
      if (mine === asking) element("state").textContent = "the server does not answer";
    }
  }

  // The words of a text with their places in code points, as the model counts.
  function wordsOf(found) {
    return Array.from({ length: found.lengths }, (_, n) => ({
      text: found.tokens[n], tag: found.tags[n], score: found.scores[n],
      start: found.starts[n], end: found.ends[n],
    }));
  }

  function marksOf(found, words) {
    if (!("entities" in found)) {
      return words.map((word) => ({ type: word.tag, start: word.start, end: word.end, words: [word] }));
    }
    return Array.from({ length: found.entities }, (_, n) => {
      const start = found.entity_starts[n], end = found.entity_ends[n];
      return {
        type: found.entity_types[n] || "entity", start, end,
        words: words.filter((word) => word.start >= start && word.end <= end),
      };
    });
  }

  function show(text, found) {
    const points = Array.from(text), words = wordsOf(found), marks = marksOf(found, words);
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

  function marked(mark, text) {
    const one = made("mark", colourOf(mark.type), text);
    const least = Math.min(...mark.words.map((word) => word.score));
    const told = mark.words.map((w) => w.text + " " + w.tag + " " + percent(w.score)).join(", ");
    const whole = mark.type + ": at most " + percent(least) + ". " + told;
    const label = made("b", "", mark.type);
    label.dir = "ltr";
    one.append(" ", label);
    one.tabIndex = 0;
    one.title = whole;
    for (const event of ["focus", "mouseenter", "click"]) {
      one.addEventListener(event, () => { element("detail").textContent = whole; });
    }
    return one;
  }

  function row(word) {
    const one = made("tr"), name = made("th", "", word.text);
    name.scope = "row";
    name.dir = "auto";
    one.append(name, made("td", "text", word.tag), made("td", "", percent(word.score)),
      made("td", "", percent(Math.max(0, 1 - word.score))));
    return one;
  }

  element("ask").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  element("model").addEventListener("change", ask);
  element("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); ask(); }
  });
  element("text").addEventListener("input", () => {
    showRequests();
    clearTimeout(waiting);
    if (element("live").checked) waiting = setTimeout(ask, 250);
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
