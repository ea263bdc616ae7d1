// The chart of the overview: bars of what was spent, a line of orders.
import { all, one } from "./dom.js";

const color = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const charts = new Map();

function axis(position, title) {
  return {
    position,
    beginAtZero: true,
    border: { display: false },
    grid: position === "left" ? { color: color("--desk-grid") } : { display: false },
    ticks: { color: color("--desk-muted"), precision: 0, maxTicksLimit: 7 },
    title: { display: false, text: title },
  };
}

function settings(read) {
  const line = color("--desk-chart-line");
  const bars = read.spend.map((series, index) => ({
    type: "bar",
    label: `Spend, ${series.currency}`,
    data: series.amounts,
    backgroundColor: color(index ? "--desk-chart-bar-other" : "--desk-chart-bar"),
    borderRadius: 3,
    maxBarThickness: 16,
    yAxisID: "spend",
    order: 2,
  }));
  const orders = {
    type: "line",
    label: "Orders",
    data: read.orders,
    borderColor: line,
    backgroundColor: color("--desk-chart-fill"),
    fill: true,
    tension: 0, // straight: a curve would show numbers that never were
    pointRadius: 0,
    pointHoverRadius: 4,
    borderWidth: 2,
    yAxisID: "orders",
    order: 1,
  };
  const text = { color: color("--desk-muted") };
  return {
    data: { labels: read.days, datasets: [orders, ...bars] },
    options: {
      responsive: true,
      locale: document.documentElement.dataset.numbers,
      maintainAspectRatio: false,
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 400 },
      interaction: { mode: "index", intersect: false },
      plugins: {
        legend: {
          align: "end",
          labels: { ...text, usePointStyle: true, pointStyle: "circle", boxHeight: 6, boxWidth: 6 },
        },
      },
      scales: {
        x: { grid: { display: false }, ticks: { ...text, maxRotation: 0, autoSkipPadding: 24 } },
        orders: axis("left", "Orders"),
        spend: { ...axis("right", "Spend"), display: read.spend.length > 0 },
      },
    },
  };
}

function drawCharts() {
  if (!window.Chart) return;
  window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  all("canvas[data-chart]").forEach((canvas) => {
    charts.get(canvas)?.destroy();
    charts.set(canvas, new window.Chart(canvas, settings(JSON.parse(canvas.dataset.chart))));
  });
  for (const [canvas, chart] of charts) {
    if (!canvas.isConnected) {
      chart.destroy();
      charts.delete(canvas);
    }
  }
}

document.addEventListener("desk:theme", drawCharts);
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target instanceof Element && one("canvas[data-chart]", target)) drawCharts();
});
drawCharts();
