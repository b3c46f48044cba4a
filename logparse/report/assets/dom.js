// Elements. Texts are set as text, so that no name of the data is read as HTML.

const SVG_SPACE = "http://www.w3.org/2000/svg";

function filledElement(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && !(node instanceof SVGElement) && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export function element(name, attributes = {}, ...children) {
  return filledElement(document.createElement(name), attributes, children);
}

export function drawing(name, attributes = {}, ...children) {
  return filledElement(document.createElementNS(SVG_SPACE, name), attributes, children);
}

export function byId(id) {
  return document.getElementById(id);
}

// An address of http or https as a link; other texts without one.
export function linkTo(address, text) {
  let url = null;
  try {
    url = new URL(address);
  } catch {
    return text;
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return text;
  return element("a", { href: url.href, rel: "noopener noreferrer", target: "_blank" }, text);
}

// Calls of a function in one frame are one call.
export function oncePerFrame(call) {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      call();
    });
  };
}
