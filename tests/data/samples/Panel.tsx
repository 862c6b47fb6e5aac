import * as React from "react";

interface PanelProps {
  title: string;
}

export const Panel: React.FC<PanelProps> = ({ title }) => {
  const [open, setOpen] = React.useState(false);
  return <section onClick={() => setOpen(!open)}>{title}</section>;
};

export function usePanel(): boolean {
  return true;
}

export class Board extends React.Component<PanelProps> {
  render(): React.ReactNode {
    return <Panel title={this.props.title} />;
  }
}
