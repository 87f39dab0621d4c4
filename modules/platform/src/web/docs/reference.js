// Draws /openapi.json. Text only ever becomes text nodes: nothing in the document can become markup.

const METHODS = ["get", "post", "put", "patch", "delete"];

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function code(text) {
  return el("code", {}, text);
}

function operationsOf(api) {
  const operations = [];
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS) {
      if (item[method]) operations.push({ path, method, ...item[method] });
    }
  }
  return operations;
}

function codesOf(operation) {
  return Object.entries(operation.responses).flatMap(([status, response]) =>
    (response["x-codes"] ?? []).map((name) => ({ status, name })),
  );
}

function deref(api, schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? { name, schema: api.components.schemas[name] ?? {} } : { name: null, schema: schema ?? {} };
}

function typeText(api, schema) {
  const { name, schema: plain } = deref(api, schema);
  if (name && (plain.type === "object" || plain.oneOf || plain.allOf)) return name;
  if (plain.enum) return plain.enum.map((word) => JSON.stringify(word)).join(" | ");
  if (plain.type === "array") return `${typeText(api, plain.items)}[]`;
  const choices = plain.oneOf ?? plain.anyOf;
  if (choices) return choices.map((choice) => typeText(api, choice)).join(" | ");
  const type = Array.isArray(plain.type) ? plain.type.join(" | ") : (plain.type ?? "any");
  return name ? `${name} (${type})` : plain.format ? `${type}, ${plain.format}` : type;
}

function bounds(schema) {
  const words = {
    minLength: "at least", maxLength: "at most", minimum: "from", maximum: "to", minItems: "at least", maxItems: "at most",
  };
  return Object.entries(words).filter(([key]) => schema[key] !== undefined)
    .map(([key, word]) => `${word} ${schema[key]}${key.endsWith("Length") ? " characters" : ""}`).join(", ");
}

function fields(api, schema, seen = []) {
  const { name, schema: plain } = deref(api, schema);
  if (name && seen.includes(name)) return null;
  const path = name ? [...seen, name] : seen;
  if (plain.type === "array") return fields(api, plain.items, path);
  const choices = plain.oneOf ?? plain.anyOf ?? plain.allOf;
  if (choices) {
    const parts = choices.map((choice) => fields(api, choice, path)).filter(Boolean);
    return parts.length ? el("div", {}, ...parts) : null;
  }
  if (!plain.properties) return null;
  const required = new Set(plain.required ?? []);
  return el("ul", { class: "fields" }, ...Object.entries(plain.properties).map(([key, value]) => {
    const inner = deref(api, value).schema;
    const note = [value.description ?? inner.description, bounds(inner)].filter(Boolean).join("; ");
    return el("li", {},
      code(key), " ", el("span", { class: "type" }, typeText(api, value)),
      required.has(key) ? el("span", { class: "need" }, " required") : null,
      note ? ` – ${note}` : null,
      fields(api, value, path));
  }));
}

function shape(api, title, content) {
  const [media, { schema }] = Object.entries(content)[0];
  return [el("h4", {}, title), el("p", { class: "facts" }, code(media), " ", typeText(api, schema)), fields(api, schema)];
}

function facts(operation) {
  const permissions = operation["x-permission"] ?? [];
  const who = {
    public: "Anybody may call it.",
    process: "Anybody may call it.",
    optional: "Signed in or not; signed in it needs ",
    permission: "Needs ",
    upgrade: "A WebSocket. Needs ",
  }[operation["x-access"]];
  const names = permissions.flatMap((permission, place) => [place ? " or " : "", code(permission)]);
  return el("p", { class: "facts" }, who, ...names, permissions.length ? ". " : " ",
    "Rate class ", code(operation["x-rate-class"]), ".",
    operation["x-body-limit"] ? ` At most ${operation["x-body-limit"]} bytes.` : null);
}

function parameters(api, operation) {
  if (!operation.parameters?.length) return [];
  const rows = operation.parameters.map((parameter) => el("tr", {},
    el("td", {}, code(parameter.name), parameter.required ? el("span", { class: "need" }, " required") : null),
    el("td", {}, parameter.in),
    el("td", {}, typeText(api, parameter.schema), parameter.description ? ` – ${parameter.description}` : null)));
  return [el("h4", {}, "Parameters"), el("table", {}, el("tbody", {}, ...rows))];
}

function problems(operation) {
  const byStatus = new Map();
  for (const entry of codesOf(operation)) byStatus.set(entry.status, [...(byStatus.get(entry.status) ?? []), entry]);
  const rows = [...byStatus].map(([status, entries]) => el("tr", {},
    el("td", {}, status),
    el("td", {}, ...entries.flatMap(({ name }, place) => [place ? ", " : "", el("a", { href: `#${name}` }, code(name))]))));
  return [el("h4", {}, "Problems"), el("table", {}, el("tbody", {}, ...rows))];
}

function example(operation) {
  const lines = [`curl -X ${operation.method.toUpperCase()} "$WHOT${operation.path}"`];
  if (["permission", "upgrade"].includes(operation["x-access"])) lines.push('-H "Authorization: Bearer $TOKEN"');
  for (const parameter of operation.parameters ?? []) {
    if (parameter.in === "header" && parameter.required) lines.push(`-H "${parameter.name}: ..."`);
  }
  if (operation.requestBody) lines.push('-H "Content-Type: application/json"', "-d '{ ... }'");
  return el("pre", {}, lines.join(" \\\n  "));
}

function article(api, operation) {
  const answers = Object.entries(operation.responses).filter(([, response]) => !response["x-codes"]);
  return el("article", { id: operation.operationId },
    el("h3", {}, operation.summary),
    el("p", { class: "route" }, el("span", { class: `method ${operation.method}` }, operation.method.toUpperCase()), " ", code(operation.path)),
    facts(operation),
    operation.description ? el("p", {}, operation.description) : null,
    ...parameters(api, operation),
    ...(operation.requestBody ? shape(api, "Body", operation.requestBody.content) : []),
    ...answers.flatMap(([status, response]) => response.content
      ? shape(api, `Answer ${status}`, response.content)
      : [el("h4", {}, `Answer ${status}`), el("p", { class: "facts" }, response.description)]),
    ...problems(operation),
    example(operation));
}

function problemArticles(operations) {
  const uses = new Map();
  for (const operation of operations) {
    for (const { status, name } of codesOf(operation)) {
      const entry = uses.get(name) ?? { statuses: new Set(), operations: [] };
      entry.statuses.add(status);
      entry.operations.push(operation);
      uses.set(name, entry);
    }
  }
  return [...uses].sort(([a], [b]) => a.localeCompare(b)).map(([name, { statuses, operations: users }]) =>
    el("article", { id: name },
      el("h3", {}, code(name)),
      el("p", { class: "facts" }, `Status ${[...statuses].sort().join(", ")}; ${users.length} of ${operations.length} routes.`),
      users.length <= 12
        ? el("p", {}, ...users.flatMap((user, place) => [place ? ", " : "", el("a", { href: `#${user.operationId}` }, user.summary)]))
        : null));
}

function haystack(operation) {
  return [operation.path, operation.method, operation.summary, operation.description, ...(operation.tags ?? []),
    ...(operation["x-permission"] ?? []), ...codesOf(operation).map(({ name }) => name)].join(" ").toLowerCase();
}

function draw(api) {
  const operations = operationsOf(api);
  document.title = api.info.title;
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  const main = document.getElementById("content");
  const index = document.getElementById("index");
  main.replaceChildren(el("header", {}, el("h2", {}, api.info.title), el("p", {}, api.info.description),
    el("p", {}, el("a", { href: "/openapi.json" }, "openapi.json"))));
  const entries = [];
  for (const { name } of api.tags) {
    const own = operations.filter((operation) => operation.tags.includes(name));
    const group = el("section", { class: "group" }, el("h2", {}, name));
    const list = el("ul");
    const heading = el("h2", {}, name);
    index.append(heading, list);
    for (const operation of own) {
      const item = el("li", {}, el("a", { href: `#${operation.operationId}` },
        el("span", { class: `method ${operation.method}` }, operation.method.toUpperCase()), " ", operation.path));
      const drawn = article(api, operation);
      list.append(item);
      group.append(drawn);
      entries.push({ text: haystack(operation), item, drawn, group, heading });
    }
    main.append(group);
  }
  main.append(el("section", { class: "group" }, el("h2", {}, "Problem codes"), ...problemArticles(operations)));
  listen(entries);
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function listen(entries) {
  const search = document.getElementById("search");
  const count = document.getElementById("count");
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    const alive = new Set();
    for (const { text, item, drawn, group, heading } of entries) {
      const fits = words.every((word) => text.includes(word));
      item.hidden = drawn.hidden = !fits;
      if (fits) { shown += 1; alive.add(group); alive.add(heading); }
    }
    for (const { group, heading } of entries) { group.hidden = !alive.has(group); heading.hidden = !alive.has(heading); }
    count.textContent = words.length ? `${shown} of ${entries.length} routes` : `${entries.length} routes`;
  };
  search.addEventListener("input", filter);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); search.select(); }
    if (event.key === "Escape" && document.activeElement === search) { search.value = ""; filter(); }
    if (event.key === "Enter" && document.activeElement === search) {
      entries.find(({ item }) => !item.hidden)?.item.firstElementChild.click();
    }
  });
  filter();
}

try {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`status ${response.status}`);
  draw(await response.json());
} catch (error) {
  document.getElementById("content").replaceChildren(el("p", { role: "alert" }, `The document cannot be shown: ${error.message}`));
}
