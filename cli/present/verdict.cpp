#include "cli/present/verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/present/json_object.h"

namespace braid::cli {
namespace {

using mesh::Effect;
using mesh::ProductVerdict;
using mesh::Verdict;
using mesh::Weight;

Weight weight_of(const Verdict& verdict, size_t change) {
  Weight weight = Weight::none;
  for (const Effect& effect : verdict.effects)
    if (effect.change == change) weight = std::max(weight, effect.weight);
  return weight;
}

std::string_view word_of(Weight weight) {
  return weight == Weight::breaks ? "breaks" : weight == Weight::notice ? "notice" : "safe";
}

std::string reader_of(const Effect& effect) {
  if (effect.reader.empty()) return "readers that are not registered";
  return effect.owner.empty() ? effect.reader : fmt::format("{} ({})", effect.reader, effect.owner);
}

void append_text(const ProductVerdict& product, std::string& text) {
  text += product.product + "\n";
  const Verdict& verdict = product.verdict;
  if (verdict.changes.empty()) text += "  nothing changes\n";
  for (size_t i = 0; i < verdict.changes.size(); ++i) {
    text += fmt::format("  {:<7} {}\n", word_of(weight_of(verdict, i)), to_text(verdict.changes[i]));
    for (const Effect& effect : verdict.effects)
      if (effect.change == i) text += fmt::format("            {}: {}\n", reader_of(effect), effect.why);
  }
  if (!verdict.ways_out.empty()) text += "  ways out\n";
  for (const std::string& way : verdict.ways_out) text += "    - " + way + "\n";
}

std::string json_of(const ProductVerdict& product) {
  JsonArray changes;
  for (size_t i = 0; i < product.verdict.changes.size(); ++i) {
    const mesh::Change& change = product.verdict.changes[i];
    JsonArray effects;
    for (const Effect& effect : product.verdict.effects) {
      if (effect.change != i) continue;
      JsonObject one;
      one.text("weight", word_of(effect.weight));
      if (effect.reader.empty())
        one.null("reader");
      else
        one.text("reader", effect.reader);
      one.text("owner", effect.owner);
      one.text("why", effect.why);
      effects.add(one.take());
    }
    JsonObject one;
    one.text("change", word_of(change.kind));
    one.text("weight", word_of(weight_of(product.verdict, i)));
    one.text("where", change.where);
    one.text("before", change.before);
    one.text("after", change.after);
    one.text("text", to_text(change));
    one.raw("effects", effects.take());
    changes.add(one.take());
  }
  JsonArray ways;
  for (const std::string& way : product.verdict.ways_out) {
    std::string text;
    append_json_string(text, way);
    ways.add(text);
  }
  JsonObject made;
  made.text("product", product.product);
  made.boolean("breaks", product.verdict.breaks());
  made.raw("changes", changes.take());
  made.raw("ways_out", ways.take());
  return made.take();
}

/// `%` and line ends have a meaning there.
std::string escaped(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c == '%' || c == '\n' || c == '\r')
      made += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      made += c;
  }
  return made;
}

void append_annotations(const ProductVerdict& product, std::string& text) {
  for (const Effect& effect : product.verdict.effects)
    text += fmt::format(
        "::{}::{}\n", effect.weight == Weight::breaks ? "error" : "notice",
        escaped(fmt::format("{}: {}; {}: {}", product.product, to_text(product.verdict.changes[effect.change]),
                            reader_of(effect), effect.why)));
}

}  // namespace

std::string verdict_text(const std::vector<ProductVerdict>& products, VerdictFormat format) {
  std::string text;
  if (format == VerdictFormat::json) {
    JsonArray list;
    bool breaks = false;
    for (const ProductVerdict& product : products) {
      list.add(json_of(product));
      breaks |= product.verdict.breaks();
    }
    JsonObject whole;
    whole.boolean("breaks", breaks);
    whole.raw("products", list.take());
    return whole.take() + "\n";
  }
  for (const ProductVerdict& product : products)
    format == VerdictFormat::text ? append_text(product, text) : append_annotations(product, text);
  return text;
}

}  // namespace braid::cli
