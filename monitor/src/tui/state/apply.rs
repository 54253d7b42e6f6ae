//! What each command does to the state.

use ratatui::layout::Position;

use super::{Command, Detail, FilterEdit, Frozen, Mode, Origin, Privacy, Reaction, Screen, State};
use crate::filter::Filter;
use crate::pipeline::detect::Moment;
use crate::tui::editor::{Edit, Editor};
use crate::tui::table::{AnyView, Cursor, Motion};
use crate::tui::theme::Tone;
use crate::tui::{layout, render};

impl State {
    /// Does what a key asks for.
    pub(crate) fn apply(&mut self, command: Command, now: Moment) -> Reaction {
        match command {
            Command::Quit => return Reaction::Quit,
            Command::Redraw => return Reaction::Redraw,
            Command::Help => self.mode = Mode::help(std::mem::replace(&mut self.mode, Mode::List)),
            Command::Back => self.back(),
            Command::Show(screen) => self.show(screen),
            Command::NextScreen => self.show(self.screen.neighbour(1)),
            Command::PreviousScreen => self.show(self.screen.neighbour(Screen::ALL.len() - 1)),
            Command::Move(motion) => self.step(motion, now),
            Command::OpenDetail => self.open_detail(Origin::List, now),
            Command::Neighbour(motion) => self.neighbour(motion, now),
            Command::Follow(link) => self.follow(link, now),
            Command::EditFilter => self.edit_filter(),
            Command::AcceptFilter => self.accept_filter(),
            Command::Edit(edit) => self.edit(edit),
            Command::SortColumn => self.with_view(AnyView::next_sort),
            Command::SortDirection => self.with_view(AnyView::reverse_sort),
            Command::LongerWindow => self.window = self.window.longer(),
            Command::ShorterWindow => self.window = self.window.shorter(),
            Command::NextWindow => self.window = self.window.next(),
            Command::Freeze => self.freeze(now),
            Command::Zone => self.zones.reverse(),
            Command::ResetView => self.reset_view(),
            Command::Copy => return self.copy(now),
            Command::Export => return self.export_rows(now),
            Command::Mouse => return Reaction::Mouse,
            Command::Click { x, y } => self.click(Position { x, y }, now),
            Command::Pace(pace) => return Reaction::Pace(pace),
            Command::Suspend => return Reaction::Suspend,
            Command::Privacy => {
                self.privacy = match self.privacy {
                    Privacy::Open => Privacy::Hidden,
                    Privacy::Hidden => Privacy::Open,
                };
            }
        }
        Reaction::Draw
    }

    /// To a screen by its tab: where a trail led is left, and all tables are as they
    /// were before it.
    fn show(&mut self, screen: Screen) {
        while self.walk_back() {}
        self.screen = screen;
        self.mode = Mode::List;
    }

    fn back(&mut self) {
        match std::mem::replace(&mut self.mode, Mode::List) {
            Mode::List if self.filter().is_none_or(Filter::is_empty) => {
                self.walk_back();
            }
            Mode::List => self.set_filter(Filter::default()),
            Mode::Detail(Detail { origin: Origin::Link, .. }) => {
                self.walk_back();
            }
            Mode::Detail(_) => {}
            Mode::Filter(edit) => self.set_filter(edit.before),
            Mode::Help(help) => self.mode = *help.back,
        }
    }

    fn freeze(&mut self, now: Moment) {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => Some(Box::new(Frozen { model: self.live.clone(), at: now })),
        };
    }

    fn copy(&mut self, now: Moment) -> Reaction {
        if self.privacy == Privacy::Hidden {
            return self.refuse("not copied: p shows what is hidden, and then y copies", now);
        }
        match self.row_line(now) {
            Some(row) => Reaction::Copy(row),
            None => self.refuse("nothing is selected that could be copied", now),
        }
    }

    fn export_rows(&mut self, now: Moment) -> Reaction {
        if self.privacy == Privacy::Hidden {
            return self.refuse("not written: p shows what is hidden, and then w writes", now);
        }
        match self.export(now) {
            Some(export) if export.count > 0 => Reaction::Export(Box::new(export)),
            _ => self.refuse("there are no rows to write", now),
        }
    }

    fn refuse(&mut self, why: &str, now: Moment) -> Reaction {
        self.say(why.to_owned(), Tone::Warning, now.time);
        Reaction::Draw
    }

    fn reset_view(&mut self) {
        if self.screen == Screen::Health {
            self.health_top = 0;
        }
        self.with_view(AnyView::reset);
    }

    fn step(&mut self, motion: Motion, now: Moment) {
        let page = usize::from(layout::page(self));
        match &mut self.mode {
            Mode::List => self.step_row(motion, page, now),
            Mode::Detail(detail) => detail.top = scroll(detail.top, motion, page),
            Mode::Help(help) => help.top = scroll(help.top, motion, page),
            Mode::Filter(_) => {}
        }
        self.clamp_scroll(now);
    }

    fn step_row(&mut self, motion: Motion, page: usize, now: Moment) {
        if self.screen == Screen::Health {
            self.health_top = scroll(self.health_top, motion, page);
        }
        if let Some(cursor) = self.stepped(motion, page, now) {
            self.with_view(|view| view.selection_mut().cursor = cursor);
        }
    }

    /// The row after or before the one that the detail is about; details of what no row
    /// stands for have none.
    fn neighbour(&mut self, motion: Motion, now: Moment) {
        if let Mode::Detail(Detail { origin, .. }) = self.mode {
            self.step_row(motion, 1, now);
            self.open_detail(origin, now);
        }
    }

    /// A text cannot be scrolled past its last page.
    fn clamp_scroll(&mut self, now: Moment) {
        let limit = render::scroll_limit(self, now);
        match &mut self.mode {
            Mode::Detail(detail) => detail.top = detail.top.min(limit),
            Mode::Help(help) => help.top = help.top.min(limit),
            Mode::List if self.screen == Screen::Health => {
                self.health_top = self.health_top.min(limit);
            }
            Mode::List | Mode::Filter(_) => {}
        }
    }

    /// Opens the selected row, and holds it selected. A service is opened as what it
    /// serves.
    fn open_detail(&mut self, origin: Origin, now: Moment) {
        if self.screen == Screen::Overview {
            return self.open_service(now);
        }
        let Some((id, kept)) = self.selected(now) else { return };
        self.with_view(|view| view.selection_mut().cursor = Cursor::At(id));
        self.mode = Mode::Detail(Detail { id, kept, top: 0, origin });
    }

    fn edit_filter(&mut self) {
        let Some(before) = self.filter().cloned() else { return };
        let editor = Editor::new(before.text());
        self.mode = Mode::Filter(FilterEdit { editor, before, error: None });
    }

    fn edit(&mut self, edit: Edit) {
        let Mode::Filter(typing) = &mut self.mode else { return };
        typing.editor.apply(edit);
        match Filter::parse(&typing.editor.text()) {
            Ok(filter) => {
                typing.error = None;
                self.set_filter(filter);
            }
            Err(error) => typing.error = Some(error),
        }
    }

    /// What is not a filter cannot be kept.
    fn accept_filter(&mut self) {
        if let Mode::Filter(FilterEdit { error: None, .. }) = &self.mode {
            self.mode = Mode::List;
        }
    }

    fn set_filter(&mut self, filter: Filter) {
        self.with_view(|view| view.selection_mut().filter = filter);
    }

    fn with_view(&mut self, change: impl FnOnce(&mut (dyn AnyView + 'static))) {
        if let Some(view) = self.view_mut(self.screen) {
            change(view);
        }
    }
}

/// Lines above the screen after a step through a text of unknown length.
fn scroll(top: usize, motion: Motion, page: usize) -> usize {
    motion.apply(top, usize::from(u16::MAX), page)
}
