// Shows the articles that a search finds, or those of the kinds of mistakes that the address names:
// #m3 or #m3-5. Without this script all are shown, and #m3 leads to the first.
(() => {
  const element = (id) => document.getElementById(id);
  const articles = [...document.querySelectorAll("article")];
  const texts = articles.map((article) => article.textContent.toLowerCase().replace(/\s+/g, " "));
  const kinds = articles.map((article) => (article.dataset.mistakes || "").split(" "));
  const sections = [...document.querySelectorAll("details")];
  const initially = sections.map((section) => section.open);

  function show() {
    const asked = /^#m(\d+(?:-\d+)*)$/.exec(location.hash);
    const wanted = asked ? asked[1].split("-") : null;
    const words = element("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    let sentences = 0, mistakes = 0;
    articles.forEach((article, n) => {
      const hits = wanted ? kinds[n].filter((kind) => wanted.includes(kind)).length : 0;
      const found = (!wanted || hits > 0) && words.every((word) => texts[n].includes(word));
      article.hidden = !found;
      sentences += found;
      mistakes += found ? hits : 0;
    });
    const filtered = wanted || words.length > 0;
    sections.forEach((section, n) => {
      const any = [...section.querySelectorAll("article")].some((article) => !article.hidden);
      section.open = filtered ? any : initially[n];
    });
    const counted = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
    element("found").textContent = !filtered ? "" :
      (wanted ? `${counted(mistakes, "mistake")} in ` : "") + counted(sentences, "sentence");
    element("all").hidden = !filtered;
  }

  function follow() {
    show();
    if (location.hash.startsWith("#m")) element("controls").scrollIntoView();
  }

  element("controls").hidden = false;
  element("find").addEventListener("input", show);
  element("all").addEventListener("click", () => {
    element("find").value = "";
    history.replaceState(null, "", location.pathname + location.search + "#sentences");
    show();
  });
  window.addEventListener("hashchange", follow);
  follow();
})();
