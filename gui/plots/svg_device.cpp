// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/svg_device.h"

#include <QBuffer>
#include <QFont>
#include <QImage>
#include <QPaintEngine>
#include <QPainterPath>
#include <QPixmap>

namespace ditscope::gui {
namespace {

QString number(double value) {
  return QString::number(value, 'g', 6);
}

QString paint(const char* what, const QColor& colour) {
  QString words = QStringLiteral("%1=\"%2\"").arg(QString::fromLatin1(what), colour.name());
  if (colour.alpha() < 255)
    words += QStringLiteral(" %1-opacity=\"%2\"").arg(QString::fromLatin1(what), number(colour.alphaF()));
  return words;
}

QString pathData(const QPainterPath& path) {
  QString data;
  for (int i = 0; i < path.elementCount(); ++i) {
    const QPainterPath::Element at = path.elementAt(i);
    const char* command = at.isMoveTo() ? "M" : at.isLineTo() ? "L" : at.isCurveTo() ? "C" : "";
    data += QStringLiteral("%1%2 %3 ").arg(QString::fromLatin1(command), number(at.x), number(at.y));
  }
  return data;
}

}  // namespace

class SvgEngine : public QPaintEngine {
 public:
  SvgEngine()
      : QPaintEngine(PainterPaths | PrimitiveTransform | PixmapTransform | AlphaBlend | Antialiasing |
                     ConstantOpacity | PatternBrush) {}

  bool begin(QPaintDevice*) override { return true; }
  bool end() override { return true; }
  [[nodiscard]] Type type() const override { return User; }

  void updateState(const QPaintEngineState& now) override {
    const DirtyFlags dirty = now.state();
    if (dirty & DirtyPen) m_pen = now.pen();
    if (dirty & DirtyBrush) m_brush = now.brush();
    if (dirty & DirtyTransform) m_transform = now.transform();
    if (dirty & DirtyOpacity) m_opacity = now.opacity();
    if (dirty & DirtyClipEnabled) m_clips = now.isClipEnabled();
    if (dirty & DirtyClipRegion) clip(QRectF(now.clipRegion().boundingRect()), now.clipOperation());
    if (dirty & DirtyClipPath) clip(now.clipPath().boundingRect(), now.clipOperation());
  }

  void drawPath(const QPainterPath& path) override {
    element(
        QStringLiteral("<path d=\"%1\" fill-rule=\"%2\" %3 %4")
            .arg(pathData(path),
                 path.fillRule() == Qt::OddEvenFill ? QStringLiteral("evenodd") : QStringLiteral("nonzero"),
                 fill(), stroke()));
  }

  void drawPolygon(const QPointF* points, int count, PolygonDrawMode mode) override {
    QString list;
    for (int i = 0; i < count; ++i)
      list += QStringLiteral("%1,%2 ").arg(number(points[i].x()), number(points[i].y()));
    const bool open = mode == PolylineMode;
    element(QStringLiteral("<%1 points=\"%2\" %3 %4")
                .arg(open ? QStringLiteral("polyline") : QStringLiteral("polygon"), list,
                     open ? QStringLiteral("fill=\"none\"") : fill(), stroke()));
  }

  void drawPixmap(const QRectF& target, const QPixmap& pixmap, const QRectF& part) override {
    drawImage(target, pixmap.toImage(), part, Qt::AutoColor);
  }

  void drawImage(const QRectF& target, const QImage& image, const QRectF& part,
                 Qt::ImageConversionFlags) override {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    image.copy(part.toAlignedRect()).save(&buffer, "PNG");
    element(QStringLiteral("<image x=\"%1\" y=\"%2\" width=\"%3\" height=\"%4\" preserveAspectRatio=\"none\" "
                           "image-rendering=\"optimizeSpeed\" href=\"data:image/png;base64,%5\"")
                .arg(number(target.x()), number(target.y()), number(target.width()), number(target.height()),
                     QString::fromLatin1(bytes.toBase64())));
  }

  void drawTextItem(const QPointF& at, const QTextItem& item) override {
    const QFont font = item.font();
    const double size = font.pixelSize() > 0 ? font.pixelSize() : font.pointSizeF() * 96 / 72;
    element(QStringLiteral("<text x=\"%1\" y=\"%2\" font-family=\"%3\" font-size=\"%4\" font-weight=\"%5\" "
                           "textLength=\"%6\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" %7")
                .arg(number(at.x()), number(at.y()), font.family().toHtmlEscaped(), number(size),
                     font.bold() ? QStringLiteral("bold") : QStringLiteral("normal"), number(item.width()),
                     paint("fill", m_pen.color())),
            item.text().toHtmlEscaped());
  }

  QString m_body, m_defs;

 private:
  void clip(const QRectF& box, Qt::ClipOperation operation) {
    m_clips = operation != Qt::NoClip;
    const QRectF mapped = m_transform.mapRect(box);
    m_clip = operation == Qt::IntersectClip && m_clip.isValid() ? m_clip & mapped : mapped;
  }

  [[nodiscard]] QString fill() const {
    return m_brush.style() == Qt::NoBrush ? QStringLiteral("fill=\"none\"") : paint("fill", m_brush.color());
  }

  [[nodiscard]] QString stroke() const {
    if (m_pen.style() == Qt::NoPen) return QStringLiteral("stroke=\"none\"");
    const double width = m_pen.widthF() > 0 ? m_pen.widthF() : 1;
    QString words =
        paint("stroke", m_pen.color()) + QStringLiteral(" stroke-width=\"%1\"").arg(number(width));
    QStringList dashes;
    for (const double dash : m_pen.dashPattern()) dashes << number(dash * width);
    if (m_pen.style() != Qt::SolidLine && !dashes.isEmpty())
      words += QStringLiteral(" stroke-dasharray=\"%1\"").arg(dashes.join(QChar(' ')));
    return words;
  }

  // `start` is an open tag without its transform and its end.
  void element(const QString& start, const QString& inside = {}) {
    const QTransform& t = m_transform;
    QString tag = start;
    if (!t.isIdentity())
      tag += QStringLiteral(" transform=\"matrix(%1 %2 %3 %4 %5 %6)\"")
                 .arg(number(t.m11()), number(t.m12()), number(t.m21()), number(t.m22()), number(t.dx()),
                      number(t.dy()));
    if (m_opacity < 1) tag += QStringLiteral(" opacity=\"%1\"").arg(number(m_opacity));
    const QString name = start.mid(1, start.indexOf(QChar(' ')) - 1);
    QString whole =
        inside.isEmpty() ? tag + QStringLiteral("/>") : QStringLiteral("%1>%2</%3>").arg(tag, inside, name);
    if (m_clips && m_clip.isValid()) {
      if (m_clip != m_clipWritten) {
        m_clipWritten = m_clip;
        m_defs +=
            QStringLiteral(
                "<clipPath id=\"c%1\"><rect x=\"%2\" y=\"%3\" width=\"%4\" height=\"%5\"/></clipPath>\n")
                .arg(++m_clipCount)
                .arg(number(m_clip.x()), number(m_clip.y()), number(m_clip.width()), number(m_clip.height()));
      }
      whole = QStringLiteral("<g clip-path=\"url(#c%1)\">").arg(m_clipCount) + whole + QStringLiteral("</g>");
    }
    m_body += whole + QChar('\n');
  }

  QPen m_pen;
  QBrush m_brush;
  QTransform m_transform;
  double m_opacity = 1;
  bool m_clips = false;
  QRectF m_clip, m_clipWritten;
  int m_clipCount = 0;
};

SvgDevice::SvgDevice(QSize size, const QString& title)
    : m_size(size), m_title(title), m_engine(std::make_unique<SvgEngine>()) {}
SvgDevice::~SvgDevice() = default;

QPaintEngine* SvgDevice::paintEngine() const {
  return m_engine.get();
}

QByteArray SvgDevice::text() const {
  return QStringLiteral(
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
             "width=\"%1\" height=\"%2\" viewBox=\"0 0 %1 "
             "%2\">\n<title>%3</title>\n<defs>%4</defs>\n%5</svg>\n")
      .arg(QString::number(m_size.width()), QString::number(m_size.height()), m_title.toHtmlEscaped(),
           m_engine->m_defs, m_engine->m_body)
      .toUtf8();
}

int SvgDevice::metric(PaintDeviceMetric metric) const {
  constexpr int kDpi = 96;
  switch (metric) {
    case PdmWidth:
      return m_size.width();
    case PdmHeight:
      return m_size.height();
    case PdmWidthMM:
      return m_size.width() * 254 / (kDpi * 10);
    case PdmHeightMM:
      return m_size.height() * 254 / (kDpi * 10);
    case PdmDpiX:
    case PdmDpiY:
    case PdmPhysicalDpiX:
    case PdmPhysicalDpiY:
      return kDpi;
    case PdmNumColors:
      return 1 << 24;
    case PdmDepth:
      return 32;
    case PdmDevicePixelRatio:
      return 1;
    case PdmDevicePixelRatioScaled:
      return int(devicePixelRatioFScale());
    default:
      return QPaintDevice::metric(metric);
  }
}

}  // namespace ditscope::gui
