#include "runtime/report/render_terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "runtime/report/apply_fix.h"
#include "runtime/report/display_line.h"
#include "runtime/report/styled_text.h"

namespace braid {
namespace {

/// What stands under one line: part of a label, as bytes of that line.
struct Mark {
  size_t begin = 0;
  size_t end = 0;
  bool primary = false;
  char sign = '-';
  std::string text;
};

struct MarkedLine {
  std::string_view text;
  std::vector<Mark> marks;
};

/// Lines to show of one file, by number.
using Excerpt = std::map<uint32_t, MarkedLine>;

Style style_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return Style::error;
    case Severity::warning:
      return Style::warning;
    case Severity::note:
      return Style::note;
  }
  return Style::error;
}

std::string_view word_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "error";
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0;;) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    if (end == text.size()) return lines;
    begin = end + 1;
  }
}

class Renderer {
 public:
  Renderer(const Diagnostic& diagnostic, const SourceSet& sources, RenderOptions options)
      : diagnostic_(diagnostic), sources_(sources), options_(options), accent_(style_of(diagnostic.severity)) {}

  std::string render(const RecordPlace* place) {
    collect_labels();
    collect_fixes();
    gutter_ = 1;
    for (const auto& [file, excerpt] : excerpts_) widen_gutter(excerpt);
    for (const FixView& fix : fixes_) widen_gutter(fix.lines);
    if (place != nullptr && place->line > 0)
      gutter_ = std::max(gutter_, static_cast<int>(std::to_string(place->line).size()));

    out_ =
        styled(fmt::format("{}[{}]", word_of(diagnostic_.severity), code_text(diagnostic_)), accent_, options_.color) +
        styled(": " + diagnostic_.message, Style::bold, options_.color) + "\n";
    for (size_t i = 0; i < files_.size(); ++i) show_file(files_[i], i == 0);
    if (place != nullptr) show_record(*place);
    if (!(diagnostic_.notes.empty() && fixes_.empty()) && !files_.empty()) bar();
    for (const std::string& note : diagnostic_.notes) show_remark("note", Style::bold, note);
    for (const FixView& fix : fixes_) {
      show_remark("help", Style::help, fix.text);
      if (fix.lines.empty()) continue;
      bar();
      show_excerpt(fix.lines, Style::help);
    }
    return std::move(out_);
  }

 private:
  struct FixView {
    std::string text;
    Excerpt lines;
  };

  bool known(Span span) const {
    return span.file < sources_.size() && span.begin <= span.end && span.end <= sources_.file(span.file).text.size();
  }

  /// An empty span behind the last line break is shown at the end of the last line that has text.
  Span shown_span(Span span) const {
    const std::string& text = sources_.file(span.file).text;
    if (!span.empty() || span.begin != text.size()) return span;
    while (span.begin > 0 && (text[span.begin - 1] == '\n' || text[span.begin - 1] == '\r')) --span.begin;
    span.end = span.begin;
    return span;
  }

  void collect_labels() {
    for (size_t i = 0; i < diagnostic_.labels.size(); ++i) {
      const Label& label = diagnostic_.labels[i];
      if (!known(label.span)) continue;
      const Span span = shown_span(label.span);
      if (std::find(files_.begin(), files_.end(), span.file) == files_.end()) {
        files_.push_back(span.file);
        places_.push_back(sources_.position(span.file, span.begin));
      }
      mark_span(excerpts_[span.file], span, i == 0, label.text);
    }
  }

  /// A span over several lines is marked on its first and its last line; its text stands below the last.
  void mark_span(Excerpt& excerpt, Span span, bool primary, const std::string& text) {
    const char sign = primary ? '^' : '-';
    const std::string_view file = sources_.file(span.file).text;
    const uint32_t first = sources_.position(span.file, span.begin).line;
    // The line break that ends a span belongs to the line it ends.
    uint32_t end = span.end;
    while (end > span.begin && (file[end - 1] == '\n' || file[end - 1] == '\r')) --end;
    const uint32_t last = sources_.position(span.file, end).line;
    const std::string_view first_line = sources_.line(span.file, span.begin);
    const std::string_view last_line = sources_.line(span.file, end);
    const size_t begin_byte = offset_in(file, first_line, span.begin);
    const size_t end_byte = offset_in(file, last_line, end);
    excerpt[first].text = first_line;
    if (first == last) {
      excerpt[first].marks.push_back({begin_byte, end_byte, primary, sign, text});
      return;
    }
    excerpt[first].marks.push_back({begin_byte, first_line.size(), primary, sign, ""});
    excerpt[last].text = last_line;
    const size_t indent = std::min(last_line.find_first_not_of(" \t"), end_byte);
    excerpt[last].marks.push_back({indent, end_byte, primary, sign, text});
  }

  static size_t offset_in(std::string_view file, std::string_view line, uint32_t offset) {
    return std::min(static_cast<size_t>(file.data() + offset - line.data()), line.size());
  }

  /// The lines that change, as they would be after the fix.
  void collect_fixes() {
    for (const Fix& fix : diagnostic_.fixes) {
      FixView view{fix.text, {}};
      if (!fix.edits.empty() && known(fix.edits.front().span)) view_edits(fix, view);
      fixes_.push_back(std::move(view));
    }
  }

  void view_edits(const Fix& fix, FixView& view) {
    const uint32_t file = fix.edits.front().span.file;
    const std::string& before = sources_.file(file).text;
    std::optional<std::string> after = apply_edits(before, file, fix.edits);
    if (!after) return;
    fixed_.push_back(std::make_unique<std::string>(std::move(*after)));
    const std::string_view text = *fixed_.back();
    const std::vector<std::string_view> lines = lines_of(text);

    std::vector<Edit> edits;
    for (const Edit& edit : fix.edits)
      if (edit.span.file == file) edits.push_back(edit);
    std::stable_sort(edits.begin(), edits.end(),
                     [](const Edit& a, const Edit& b) { return a.span.begin < b.span.begin; });
    int64_t shift = 0;
    for (const Edit& edit : edits) {
      const size_t begin = static_cast<size_t>(edit.span.begin + shift);
      const size_t end = begin + edit.text.size();
      shift += static_cast<int64_t>(edit.text.size()) - (edit.span.end - edit.span.begin);
      const char sign = edit.span.empty() ? '+' : '~';
      for (size_t i = 0; i < lines.size(); ++i) {
        const size_t line_begin = static_cast<size_t>(lines[i].data() - text.data());
        const size_t line_end = line_begin + lines[i].size();
        if (end < line_begin || begin > line_end) continue;
        MarkedLine& shown = view.lines[static_cast<uint32_t>(i + 1)];
        shown.text = lines[i];
        const size_t from = std::max(begin, line_begin) - line_begin;
        const size_t to = std::min(end, line_end) - line_begin;
        if (from < to) shown.marks.push_back({from, to, false, sign, ""});
      }
    }
  }

  void widen_gutter(const Excerpt& excerpt) {
    if (excerpt.empty()) return;
    gutter_ = std::max(gutter_, static_cast<int>(std::to_string(excerpt.rbegin()->first).size()));
  }

  std::string frame(std::string_view text) const { return styled(text, Style::frame, options_.color); }
  std::string gutter_blank() const { return std::string(static_cast<size_t>(gutter_), ' '); }

  void bar() { out_ += frame(gutter_blank() + " |") + "\n"; }

  void show_remark(std::string_view word, Style style, std::string_view text) {
    std::string indented;
    for (const char c : text) {
      indented += c;
      if (c == '\n') indented += gutter_blank() + std::string(5 + word.size() + 1, ' ');
    }
    out_ += gutter_blank() + frame(" = ") + styled(word, style, options_.color) + ": " + indented + "\n";
  }

  void show_file(uint32_t file, bool first) {
    const LineColumn at = places_[static_cast<size_t>(std::find(files_.begin(), files_.end(), file) - files_.begin())];
    if (!first) bar();
    out_ += gutter_blank() + frame(first ? "--> " : "::: ") +
            fmt::format("{}:{}:{}\n", sources_.file(file).path, at.line, at.column);
    bar();
    show_excerpt(fill_gaps(file, excerpts_[file]), accent_);
  }

  /// One line that is left out between two shown ones is shown too: `...` would take as much room.
  Excerpt fill_gaps(uint32_t file, Excerpt excerpt) const {
    const std::vector<std::string_view> lines = lines_of(sources_.file(file).text);
    std::vector<uint32_t> numbers;
    for (const auto& [number, line] : excerpt) numbers.push_back(number);
    for (size_t i = 1; i < numbers.size(); ++i)
      if (numbers[i] == numbers[i - 1] + 2) excerpt[numbers[i] - 1].text = lines[numbers[i] - 2];
    return excerpt;
  }

  void show_excerpt(const Excerpt& excerpt, Style accent) {
    uint32_t before = 0;
    for (const auto& [number, line] : excerpt) {
      if (before != 0 && number > before + 1) out_ += frame("...") + "\n";
      before = number;
      show_line(std::to_string(number), line, accent);
    }
  }

  void show_line(const std::string& number, const MarkedLine& line, Style accent) {
    const DisplayLine display(line.text);
    struct Segment {
      int begin;
      int end;
      const Mark* mark;
    };
    std::vector<Segment> segments;
    const Mark* centre = nullptr;
    for (const Mark& mark : line.marks)
      if (centre == nullptr || (mark.primary && !centre->primary)) centre = &mark;
    const int room = std::max(options_.width - gutter_ - 3, 20);
    const DisplayWindow window =
        centre == nullptr ? display.window_around(0, 0, room)
                          : display.window_around(display.column(centre->begin), display.column(centre->end), room);
    out_ += frame(fmt::format("{:>{}} |", number, gutter_));
    const std::string shown = display.cut(window);
    if (!shown.empty()) out_ += " " + shown;
    out_ += "\n";

    for (const Mark& mark : line.marks) {
      int begin = std::clamp(display.column(mark.begin), window.begin, std::max(window.begin, window.end - 1));
      int end = std::clamp(display.column(mark.end), window.begin, window.end);
      // At the end of a line there is nothing to stand under: the caret goes behind it.
      if (display.column(mark.begin) >= display.width() && window.end == display.width()) begin = end = window.end;
      begin -= window.begin;
      end -= window.begin;
      segments.push_back({begin, std::max(end, begin + 1), &mark});
    }
    if (segments.empty()) return;

    const auto style = [&](const Mark& mark) {
      return mark.primary || mark.sign == '+' || mark.sign == '~' ? accent : Style::frame;
    };
    StyledRow signs;
    for (const bool primary : {false, true})
      for (const Segment& segment : segments)
        if (segment.mark->primary == primary)
          signs.put(segment.begin, std::string(static_cast<size_t>(segment.end - segment.begin), segment.mark->sign),
                    style(*segment.mark));

    // From right to left: the text of the last mark stands behind it, the others hang below theirs.
    std::stable_sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) {
      return a.begin != b.begin ? a.begin > b.begin : a.mark->primary > b.mark->primary;
    });
    std::vector<Segment> hanging;
    for (const Segment& segment : segments) {
      if (segment.mark->text.empty()) continue;
      const bool last = &segment == &segments.front() && signs.blank_between(segment.end, segment.end + 1000000);
      if (last)
        signs.put(segment.end + 1, segment.mark->text, style(*segment.mark));
      else
        hanging.push_back(segment);
    }
    write_row(signs);
    for (size_t i = 0; i < hanging.size(); ++i) {
      StyledRow stems;
      for (size_t j = i; j < hanging.size(); ++j) stems.put(hanging[j].begin, "|", style(*hanging[j].mark));
      if (i == 0) write_row(stems);
      StyledRow text;
      for (size_t j = i + 1; j < hanging.size(); ++j) text.put(hanging[j].begin, "|", style(*hanging[j].mark));
      text.put(hanging[i].begin, hanging[i].mark->text, style(*hanging[i].mark));
      write_row(text);
    }
  }

  void write_row(const StyledRow& row) { out_ += frame(gutter_blank() + " |") + " " + row.text(options_.color) + "\n"; }

  void show_record(const RecordPlace& place) {
    if (!files_.empty()) bar();
    std::string where = place.partition;
    if (place.line > 0) where += fmt::format(":{}", place.line);
    where += fmt::format(" (byte {})", place.position);
    if (!place.source.empty()) where += ", a record of " + place.source;
    out_ += gutter_blank() + frame("--> ") + where + "\n";
    bar();
    // A record over several lines is shown by the line that holds the mark.
    std::string_view bytes = place.bytes;
    const size_t begin = std::min<size_t>(place.mark_begin, bytes.size());
    size_t line_begin = begin == 0 ? std::string_view::npos : bytes.rfind('\n', begin - 1);
    line_begin = line_begin == std::string_view::npos ? 0 : line_begin + 1;
    std::string_view line = bytes.substr(line_begin, bytes.find('\n', begin) - line_begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    MarkedLine marked{line, {}};
    if (place.mark_begin < place.mark_end)
      marked.marks.push_back(
          {begin - line_begin, std::min<size_t>(place.mark_end - line_begin, line.size()), true, '^', ""});
    const auto breaks = std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(line_begin), '\n');
    show_line(place.line > 0 ? std::to_string(place.line + breaks) : "", marked, accent_);
  }

  const Diagnostic& diagnostic_;
  const SourceSet& sources_;
  RenderOptions options_;
  Style accent_;
  std::vector<uint32_t> files_;  ///< in the order of their first label
  std::vector<LineColumn> places_;
  std::map<uint32_t, Excerpt> excerpts_;
  std::vector<FixView> fixes_;
  std::vector<std::unique_ptr<std::string>> fixed_;  ///< texts that lines of `fixes_` point into
  int gutter_ = 1;
  std::string out_;
};

}  // namespace

std::string render_terminal(const Diagnostic& diagnostic, const SourceSet& sources, RenderOptions options) {
  return Renderer(diagnostic, sources, options).render(nullptr);
}

std::string render_terminal(const Diagnostic& diagnostic, const RecordPlace& place, const SourceSet& sources,
                            RenderOptions options) {
  return Renderer(diagnostic, sources, options).render(&place);
}

}  // namespace braid
