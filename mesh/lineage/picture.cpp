#include "mesh/lineage/picture.h"

#include <fmt/format.h>

#include <algorithm>

namespace braid::mesh {
namespace {

constexpr int kLine = 22, kCharacter = 8, kPadding = 12, kBetweenColumns = 120, kBetweenBoxes = 28;

std::string escaped(const std::string& text) {
  std::string made;
  for (const char c : text) {
    if (c == '&')
      made += "&amp;";
    else if (c == '<')
      made += "&lt;";
    else if (c == '>')
      made += "&gt;";
    else if (c == '"')
      made += "&quot;";
    else
      made += c;
  }
  return made;
}

std::string_view colour(Kind kind) {
  switch (kind) {
    case Kind::identity:
      return "#2f6f4f";
    case Kind::transformation:
      return "#b0641a";
    case Kind::aggregation:
      return "#6a3fa0";
  }
  return "#000000";
}

std::string line_text(const Graph& graph, const Origin& field) {
  return graph.field_name(field) + labels_text(graph.made_of(field));
}

/// Characters, not bytes.
size_t width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

Picture picture(const Graph& graph, const Subject& subject, bool up) {
  std::set<Origin> seen;
  std::vector<Origin> open = subject.fields.empty() ? graph.fields({subject.relation, ""}) : subject.fields;
  std::map<std::pair<Origin, Origin>, Kind> edges;
  const std::map<Origin, std::vector<Use>> all_uses = up ? std::map<Origin, std::vector<Use>>() : uses(graph);
  while (!open.empty()) {
    const Origin field = open.back();
    open.pop_back();
    if (!seen.insert(field).second) continue;
    if (up) {
      for (const auto& [origin, kind] : graph.made_of(field).values) {
        edges[{origin, field}] = kind;
        open.push_back(origin);
      }
    } else if (const auto found = all_uses.find(field); found != all_uses.end()) {
      for (const Use& use : found->second) {
        edges[{field, use.field}] = use.kind;
        open.push_back(use.field);
      }
    }
  }
  Picture made;
  for (const auto& [ends, kind] : edges) made.edges.push_back({ends.first, ends.second, kind});
  std::map<Reading, std::vector<Origin>> boxes;
  for (const Origin& field : seen) boxes[{field.relation, field.port}].push_back(field);
  // One pass settles the columns of a project, whose relations read only earlier ones; products of other projects stand
  // behind it. A source's own edges go to its own box.
  std::map<Reading, int> columns;
  bool moved = true;
  for (size_t pass = 0; moved && pass <= boxes.size(); ++pass) {
    moved = false;
    for (const Picture::Edge& edge : made.edges) {
      const Reading from{edge.from.relation, edge.from.port}, to{edge.to.relation, edge.to.port};
      if (from == to || columns[to] > columns[from]) continue;
      columns[to] = columns[from] + 1;
      moved = true;
    }
  }
  for (auto& [reading, fields] : boxes) {
    std::sort(fields.begin(), fields.end());
    made.boxes.push_back({reading, fields, columns[reading]});
  }
  std::stable_sort(made.boxes.begin(), made.boxes.end(),
                   [](const Picture::Box& a, const Picture::Box& b) { return a.column < b.column; });
  return made;
}

std::string dot(const Graph& graph, const Picture& picture) {
  std::string text = "digraph lineage {\n  rankdir=LR\n  node [shape=plaintext fontname=\"sans-serif\" fontsize=11]\n";
  std::map<Origin, std::string> ports;
  for (size_t box = 0; box < picture.boxes.size(); ++box) {
    const Picture::Box& shown = picture.boxes[box];
    text += fmt::format("  r{} [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\">", box);
    text += fmt::format("<tr><td bgcolor=\"#eeeeee\">{}</td></tr>", escaped(graph.name(shown.reading)));
    for (size_t i = 0; i < shown.fields.size(); ++i) {
      ports[shown.fields[i]] = fmt::format("r{}:f{}", box, i);
      text += fmt::format("<tr><td port=\"f{}\" align=\"left\">{}</td></tr>", i,
                          escaped(line_text(graph, shown.fields[i])));
    }
    text += "</table>>]\n";
  }
  for (const Picture::Edge& edge : picture.edges)
    text += fmt::format("  {} -> {} [color=\"{}\" tooltip=\"{}\"]\n", ports.at(edge.from), ports.at(edge.to),
                        colour(edge.kind), lineage::word(edge.kind));
  return text + "}\n";
}

std::string svg(const Graph& graph, const Picture& picture) {
  struct Place {
    int left, right, middle;
  };
  std::map<Origin, Place> places;
  std::map<int, int> widths, heights;
  for (const Picture::Box& box : picture.boxes) {
    size_t longest = width(graph.name(box.reading));
    for (const Origin& field : box.fields) longest = std::max(longest, width(line_text(graph, field)));
    widths[box.column] = std::max(widths[box.column], static_cast<int>(longest) * kCharacter + 2 * kPadding);
  }
  std::map<int, int> lefts;
  int left = kPadding;
  for (const auto& [column, wide] : widths) {
    lefts[column] = left;
    left += wide + kBetweenColumns;
  }
  std::string boxes;
  for (const Picture::Box& box : picture.boxes) {
    int& top = heights.try_emplace(box.column, kPadding).first->second;
    const int x = lefts[box.column], wide = widths[box.column];
    const int high = static_cast<int>(box.fields.size() + 1) * kLine;
    boxes += fmt::format("  <rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#ffffff\" stroke=\"#888888\"/>\n",
                         x, top, wide, high);
    boxes += fmt::format("  <rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#eeeeee\" stroke=\"#888888\"/>\n",
                         x, top, wide, kLine);
    boxes += fmt::format("  <text x=\"{}\" y=\"{}\" font-weight=\"bold\">{}</text>\n", x + kPadding, top + 15,
                         escaped(graph.name(box.reading)));
    int line = top + kLine;
    for (const Origin& field : box.fields) {
      boxes += fmt::format("  <text x=\"{}\" y=\"{}\">{}</text>\n", x + kPadding, line + 15,
                           escaped(line_text(graph, field)));
      places[field] = {x, x + wide, line + kLine / 2};
      line += kLine;
    }
    top += high + kBetweenBoxes;
  }
  std::string curves;
  for (const Picture::Edge& edge : picture.edges) {
    const Place from = places.at(edge.from), to = places.at(edge.to);
    const int bend = kBetweenColumns / 2;
    curves += fmt::format(
        "  <path d=\"M {} {} C {} {} {} {} {} {}\" fill=\"none\" stroke=\"{}\"><title>{} → {}: {}</title></path>\n",
        from.right, from.middle, from.right + bend, from.middle, to.left - bend, to.middle, to.left, to.middle,
        colour(edge.kind), escaped(graph.name(edge.from)), escaped(graph.name(edge.to)), lineage::word(edge.kind));
  }
  int high = kPadding;
  for (const auto& [column, bottom] : heights) high = std::max(high, bottom);
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"monospace\" "
             "font-size=\"13\">\n",
             std::max(left - kBetweenColumns, 0) + kPadding, high) +
         boxes + curves + "</svg>\n";
}

}  // namespace braid::mesh
