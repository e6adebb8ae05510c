// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/about.h"

#include <QCoreApplication>
#include <QDialogButtonBox>
#include <QLabel>
#include <QVBoxLayout>

namespace ditscope::gui {

About::About(QWidget* parent) : QDialog(parent) {
  setWindowTitle(tr("About DiTScope"));
  auto* words = new QLabel(this);
  words->setTextFormat(Qt::RichText);
  words->setWordWrap(true);
  words->setTextInteractionFlags(Qt::TextBrowserInteraction);
  words->setText(
      tr("<p style='font-size:x-large'><b>DiTScope</b> %1</p>"
         "<p>Profiling and trace analysis for sparse attention in Diffusion Transformers.</p>"
         "<p>This window is free software under the <b>GNU General Public License, version 3 or later</b>; "
         "it comes "
         "with no warranty. The recorder, the kernels, the trace library and the command line are under the "
         "<b>Apache License 2.0</b>.</p>"
         "<p><b>It is made with</b></p><table cellpadding='2'>"
         "<tr><td>Qt %2</td><td>&nbsp; LGPL 3</td></tr>"
         "<tr><td>QCustomPlot</td><td>&nbsp; GPL 3 or later</td></tr>"
         "<tr><td>SQLite</td><td>&nbsp; public domain</td></tr>"
         "<tr><td>Zstandard</td><td>&nbsp; BSD 3-clause</td></tr>"
         "<tr><td>libzip</td><td>&nbsp; BSD 3-clause</td></tr>"
         "<tr><td>{fmt}, JSON for Modern C++</td><td>&nbsp; MIT</td></tr>"
         "<tr><td>CLI11</td><td>&nbsp; BSD 3-clause</td></tr></table>"
         "<p>The colour scales viridis and cividis are after their authors' public tables.</p>")
          .arg(QCoreApplication::applicationVersion(), QString::fromLatin1(qVersion())));
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  auto* column = new QVBoxLayout(this);
  column->addWidget(words);
  column->addWidget(buttons);
  setMinimumWidth(460);
}

}  // namespace ditscope::gui
