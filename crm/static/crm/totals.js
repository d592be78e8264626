// What lines add up to, by the rule of crm/models/totals.py, in whole numbers of a cent: no error of floating point.
// crmTotals.add(lines, discount) takes texts as `crmTotals.plain` gives them and returns cents as BigInt:
// {net, vat, gross, lines: [net, …], rates: [{rate, net, vat}, …]}.
(() => {
  /** A number as people type it (`1 234,5`, `1,234.5`) with a point alone, or null for anything else. */
  const plain = (text) => {
    let bare = text.replace(/[\s']/g, "");
    if (bare.includes(",") && bare.includes(".")) {
      bare = bare.replaceAll(bare.lastIndexOf(".") > bare.lastIndexOf(",") ? "," : ".", "");
    }
    bare = bare.replaceAll(",", ".");
    return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(bare) ? bare : null;
  };

  /** A plain number as a whole number of its smallest unit; what has more decimals than `places` is cut. */
  const scaled = (text, places) => {
    const [, sign, whole, part = ""] = /^([+-]?)(\d*)\.?(\d*)$/.exec(text);
    const number = BigInt((whole || "0") + part.slice(0, places).padEnd(places, "0"));
    return sign === "-" ? -number : number;
  };

  /** number / by, rounded half away from zero; by is positive. */
  const divided = (number, by) => {
    const size = number < 0n ? -number : number;
    const rounded = (2n * size + by) / (2n * by);
    return number < 0n ? -rounded : rounded;
  };

  const percent = (rate) => (/^\d/.test(rate) ? scaled(rate, 2) : 0n);

  const lineNet = (quantity, price, discount) =>
    divided(scaled(quantity, 3) * scaled(price, 4) * (10000n - scaled(discount || "0", 2)), 10n ** 9n);

  const vatOf = (net, rate) => divided(net * percent(rate), 10000n);

  /** Highest rate first, codes last. */
  const inOrder = (one, other) =>
    (/^\d/.test(other) - /^\d/.test(one)) || Number(percent(other) - percent(one)) || (one < other ? -1 : 1);

  const add = (lines, discount) => {
    const nets = new Map();
    const each = lines.map((line) => {
      const net = lineNet(line.quantity, line.price, line.discount === "" ? discount : line.discount);
      nets.set(line.vat_rate, (nets.get(line.vat_rate) ?? 0n) + net);
      return net;
    });
    const rates = [...nets.keys()].sort(inOrder).map((rate) => ({ rate, net: nets.get(rate), vat: vatOf(nets.get(rate), rate) }));
    const sum = (name) => rates.reduce((total, one) => total + one[name], 0n);
    return { net: sum("net"), vat: sum("vat"), gross: sum("net") + sum("vat"), lines: each, rates };
  };

  globalThis.crmTotals = { add, plain };
})();
